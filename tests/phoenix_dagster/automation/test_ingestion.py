"""A scripted week before the ingestion sensor: late days, a replaced file, an archive that is down."""

from datetime import date, timedelta

import dagster as dg
import pytest
from fakes.archive_server import Answer
from fakes.zips import UM, put

from phoenix_core.datasets import AGG_TRADES, Published, availability_of, datasets_on
from phoenix_core.market import Listing, Market
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_dagster.automation import ingestion
from phoenix_dagster.resources import Workspace

FIRST = date(2024, 6, 1)
DAILY = [
    dataset
    for dataset in datasets_on(Market.UM)
    if dataset.published is Published.DAILY and availability_of(dataset, UM).excludes(FIRST) is None
]


def publish(server, day, *, but=(), text="x"):
    for dataset in DAILY:
        if dataset.name not in but:
            put(server.root, key_of_day(dataset, UM, day), text)


@pytest.fixture
def tick(make_defs, instance, server, tmp_path):
    """Evaluate the sensor as of a day; give (run keys' days, reason)."""
    defs = make_defs(tmp_path / "lake", server.url, start=date(2024, 1, 1), sensor_days=4)
    sensor = defs.resolve_sensor_def("ingest")
    seen = set()

    def evaluate(today):
        workspace = Workspace(data=str(tmp_path / "lake"), archive_url=server.url, today=today.isoformat())
        with dg.build_sensor_context(
            instance=instance, definitions=defs, resources={"workspace": workspace}
        ) as context:
            data = sensor.evaluate_tick(context)
        keys = [request.run_key for request in data.run_requests or []]
        new = [key.split(":")[2] for key in keys if key not in seen]
        seen.update(keys)  # Dagster starts no second run of a key
        return new, data.skip_message

    return evaluate


def have(server, lake_root, day, datasets=DAILY):
    """What a run of that day would leave in the manifest."""
    from phoenix_core.raw.store import Ingest  # noqa: PLC0415 - as above
    from phoenix_core.sources.binance.client import Archive  # noqa: PLC0415 - for this helper alone
    from phoenix_core.sources.binance.source import BinanceArchive  # noqa: PLC0415 - as above
    from phoenix_core.storage.lake import Lake  # noqa: PLC0415 - as above

    ingest = Ingest(
        Lake.at(lake_root), (BinanceArchive(Archive(server.url, sleep=lambda _: None)),), day + timedelta(1)
    )
    for dataset in datasets:
        ingest.day(dataset, UM, day)


def test_a_day_is_requested_once_when_all_of_it_is_out(tick, server, tmp_path):
    """Not while one dataset is awaited; once when it is there; not again when it is here."""
    publish(server, FIRST, but={"metrics"})
    requested, reason = tick(FIRST + timedelta(1))
    assert requested == []
    assert "2024-06-01 awaits metrics" in reason
    publish(server, FIRST)
    assert tick(FIRST + timedelta(1))[0] == ["2024-06-01"]
    assert tick(FIRST + timedelta(1))[0] == []
    have(server, tmp_path / "lake", FIRST)
    assert "2024-06-01" not in tick(FIRST + timedelta(1))[1]


def test_days_of_downtime_are_caught_up(tick, server):
    """Three days at once, oldest first: each day's signals read the day before."""
    for back in range(3):
        publish(server, FIRST + timedelta(back))
    assert tick(FIRST + timedelta(3))[0] == ["2024-06-01", "2024-06-02", "2024-06-03"]


def test_a_replaced_file_is_requested_again(tick, server, tmp_path):
    """Its checksum differs from the manifest's, so the run key does too."""
    publish(server, FIRST)
    assert tick(FIRST + timedelta(1))[0] == ["2024-06-01"]
    have(server, tmp_path / "lake", FIRST)
    assert tick(FIRST + timedelta(1))[0] == []
    put(server.root, key_of_day(AGG_TRADES, UM, FIRST), "replaced")
    assert tick(FIRST + timedelta(2))[0] == ["2024-06-01"]


def test_a_dataset_that_never_comes_is_not_waited_for_for_ever(tick, server):
    """After the days of grace the day is requested without it."""
    publish(server, FIRST, but={"book_depth"})
    assert tick(FIRST + timedelta(3))[0] == []
    assert tick(FIRST + timedelta(4))[0] == ["2024-06-01"]


def test_an_archive_that_is_down_is_one_line(tick, server):
    """One request, no run, and the reason."""
    oldest = FIRST + timedelta(1) - timedelta(4)
    server.script(key_of_day(DAILY[0], UM, oldest).checksum_path, Answer(503))
    requested, reason = tick(FIRST + timedelta(1))
    assert requested == []
    assert "answered 503" in reason
    assert len(server.requests) == 1


def test_a_request_takes_the_raw_files_that_lack(make_defs, instance, server, tmp_path):
    """All of a new day, those that are never published included; of a replaced file just that."""
    publish(server, FIRST)
    first = date(2024, 1, 1)
    sensor = make_defs(tmp_path / "lake", server.url, start=first, sensor_days=1).resolve_sensor_def("ingest")

    def selection():
        today = (FIRST + timedelta(1)).isoformat()
        workspace = Workspace(data=str(tmp_path / "lake"), archive_url=server.url, today=today)
        defs = make_defs(tmp_path / "lake", server.url, start=first, sensor_days=1)
        with dg.build_sensor_context(
            instance=instance, definitions=defs, resources={"workspace": workspace}
        ) as context:
            requests = sensor.evaluate_tick(context).run_requests
        return [{key.path[-1] for key in request.asset_selection} for request in requests]

    assert selection() == [{dataset.name for dataset in datasets_on(Market.UM)}]
    have(server, tmp_path / "lake", FIRST, datasets_on(Market.UM))
    assert selection() == []
    put(server.root, key_of_day(AGG_TRADES, UM, FIRST), "replaced")
    assert selection() == [{"agg_trades"}]


def test_days_after_the_last_are_not_asked_for(make_defs, instance, server, tmp_path):
    """All three are out, PHOENIX_END is the second: two requests, and no question about the third."""
    for back in range(3):
        publish(server, FIRST + timedelta(back))
    end = FIRST + timedelta(1)
    defs = make_defs(tmp_path / "lake", server.url, start=FIRST, end=end, sensor_days=4)
    today = (FIRST + timedelta(3)).isoformat()
    workspace = Workspace(data=str(tmp_path / "lake"), archive_url=server.url, today=today)
    with dg.build_sensor_context(instance=instance, definitions=defs, resources={"workspace": workspace}) as context:
        data = defs.resolve_sensor_def("ingest").evaluate_tick(context)
    assert [one.partition_key for one in data.run_requests] == ["2024-06-01", "2024-06-02"]
    assert not [path for path in server.requests if str(end + timedelta(1)) in path]


def test_without_an_address_among_the_sources_nobody_is_asked(make_defs, instance, server, tmp_path):
    """Folders of one's own alone: the archive's address stays unused, and the tick says why."""
    publish(server, FIRST)
    defs = make_defs(tmp_path / "lake", server.url, start=FIRST, sensor_days=4)
    sources = {"archive_url": server.url, "sources": [str(tmp_path)], "today": (FIRST + timedelta(1)).isoformat()}
    workspace = Workspace(data=str(tmp_path / "lake"), **sources)
    with dg.build_sensor_context(instance=instance, definitions=defs, resources={"workspace": workspace}) as context:
        data = defs.resolve_sensor_def("ingest").evaluate_tick(context)
    assert data.skip_message == "no archive among PHOENIX_SOURCES: folders are not watched"
    assert server.requests == []


@pytest.mark.parametrize(("on", "status"), [(False, "STOPPED"), (True, "RUNNING")])
def test_sensors_start_as_set(make_defs, tmp_path, on, status):
    """Switched off, unless the setting says otherwise."""
    sensor = make_defs(tmp_path, tmp_path, sensors=on).resolve_sensor_def("ingest")
    assert sensor.default_status.value == status


@pytest.fixture
def many(make_defs, instance, server, tmp_path, monkeypatch):
    """Three symbols, two of them a tick: tick by tick give the symbols that were requested, and what was said."""
    monkeypatch.setattr(ingestion, "SYMBOLS_A_TICK", 2)
    symbols = ("um:BTCUSDT", "um:ETHUSDT", "um:XRPUSDT")
    defs = make_defs(tmp_path / "lake", server.url, symbols=",".join(symbols), start=FIRST, sensor_days=1)
    sensor = defs.resolve_sensor_def("ingest")
    assert sensor.minimum_interval_seconds == 450  # so that each symbol is looked at every quarter of an hour
    for listing in map(Listing.parse, symbols):
        for dataset in DAILY:
            put(server.root, key_of_day(dataset, listing, FIRST), "x")
    today = (FIRST + timedelta(1)).isoformat()
    cursor = None

    def tick():
        nonlocal cursor
        workspace = Workspace(data=str(tmp_path / "lake"), archive_url=server.url, today=today)
        resources = {"workspace": workspace}
        with dg.build_sensor_context(
            instance=instance, cursor=cursor, definitions=defs, resources=resources
        ) as context:
            data = sensor.evaluate_tick(context)
        cursor = data.cursor
        return [request.run_key.split(":")[1] for request in data.run_requests or []], data.skip_message

    return tick


def test_symbols_take_turns(many):
    """Two, the third, and the first two again: what was requested stands in the run keys, not in the cursor."""
    assert [many()[0] for _ in range(3)] == [["BTCUSDT", "ETHUSDT"], ["XRPUSDT"], ["BTCUSDT", "ETHUSDT"]]


def test_a_symbol_that_is_refused_holds_up_no_other(many, server):
    """The archive forbids one of two: the other's day is requested, and the turn goes on."""
    eth = Listing.parse("um:ETHUSDT")
    server.script(key_of_day(DAILY[0], eth, FIRST).checksum_path, Answer(403))
    assert [many()[0] for _ in range(2)] == [["BTCUSDT"], ["XRPUSDT"]]


def test_an_archive_that_is_down_costs_nobody_a_turn(many, server):
    """One request, and the same symbols at the next tick."""
    server.script(key_of_day(DAILY[0], UM, FIRST).checksum_path, Answer(503))
    requested, reason = many()
    assert requested == []
    assert "answered 503" in reason
    assert len(server.requests) == 1
    assert many()[0] == ["BTCUSDT", "ETHUSDT"]
