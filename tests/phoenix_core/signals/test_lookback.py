"""A day's signals are the same bytes in whatever order days were made, and what they look back on is made for them."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from fakes.archive_server import Answer, serving
from fakes.zips import put_sidecar

from phoenix_core.catalog.store import convert_day
from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, METRICS
from phoenix_core.errors import SourceUnreachable
from phoenix_core.lineage import out_of_date
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.products import SIGNALS
from phoenix_core.raw.store import Ingest
from phoenix_core.signals.days import SignalDays
from phoenix_core.signals.lookback import LookBack
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage import Lake, sha256_of
from phoenix_core.synthetic.files import write_dataset
from phoenix_core.synthetic.market import MarketDay, MarketSize

UM = Listing.parse("um:BTCUSDT")
DAY = date(2024, 3, 25)
BEFORE = DAY - timedelta(1)
LATER = date(2026, 11, 1)
OWN = (AGG_TRADES, BOOK_DEPTH, METRICS)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Two days of what signals read, and five days of metrics before them."""
    root = tmp_path_factory.mktemp("published")
    for day in (BEFORE, DAY):
        market = MarketDay(day, 7, MarketSize(trades=6_000))
        for dataset in OWN:
            write_dataset(root, UM, dataset, market)
    for back in range(2, 7):
        write_dataset(root, UM, METRICS, MarketDay(DAY - timedelta(back), 7, MarketSize(trades=10)))
    return root


@pytest.fixture
def copy(archive, tmp_path):
    """The archive, to be damaged."""
    return shutil.copytree(archive, tmp_path / "published")


def signals_of(lake, url, day, say=print, today=LATER):
    """A day from raw to signals, as the assets make it; give what the look-back made and the day's entry."""
    ingest = Ingest(lake, (BinanceArchive(Archive(str(url), sleep=lambda _: None)),), today)
    for dataset in OWN:
        ingest.day(dataset, UM, day)
        convert_day(lake, dataset, UM, day)
    SignalDays(lake, UM).publish_buckets(day)
    made = list(LookBack(ingest, UM, 4, say).make(day))
    return made, SignalDays(lake, UM).publish_signals(day)


def find(lake, name, day):
    return Manifest(lake).find(f"um/btcusdt/{name}", day)


@pytest.mark.slow
def test_a_days_signals_do_not_depend_on_the_order_of_days(archive, tmp_path):
    """Alone on an empty folder, after the day before, before it, or both at once: one digest, one manifest entry."""

    def alone(lake):
        signals_of(lake, archive, DAY)

    def forwards(lake):
        signals_of(lake, archive, BEFORE)
        signals_of(lake, archive, DAY)

    def backwards(lake):
        signals_of(lake, archive, DAY)
        signals_of(lake, archive, BEFORE)

    def at_once(lake):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda day: signals_of(lake, archive, day), (BEFORE, DAY)))

    found = {}
    for order in (alone, forwards, backwards, at_once):
        lake = Lake.at(tmp_path / order.__name__)
        order(lake)
        entry = find(lake, SIGNALS.name, DAY)
        found[order.__name__] = (sha256_of(lake.path(entry.file)), entry)
    assert len({digest for digest, _ in found.values()}) == 1
    assert all(entry == found["alone"][1] for _, entry in found.values())
    assert found["alone"][1].facts["yesterday"]
    assert found["alone"][1].facts["open_interest_days_before"] == 6


def test_what_is_there_is_not_asked_for_again(archive, lake):
    """The first day makes raw, catalog and buckets of what lacks; a second time nothing is made or requested."""
    with serving(archive) as server:
        made, _ = signals_of(lake, server.url, DAY)
        assert sorted({entry.asset.rsplit("/", 1)[-1] for entry in made}) == [
            "agg_trades", "book_depth", "depth", "metrics", "open_interest", "trade_ticks", "volume_buckets",
        ]  # fmt: skip
        assert len(made) == 2 * (30 + 1 + 1) + 1
        server.requests.clear()
        ingest = Ingest(lake, (BinanceArchive(Archive(server.url)),), LATER)
        assert list(LookBack(ingest, UM, 4, print).make(DAY)) == []
        assert server.requests == []


def test_a_history_that_was_never_published_is_recorded_as_absent(archive, lake):
    """Days before the archive's first are entries with a reason, and no defect of the day."""
    signals_of(lake, archive, DAY)
    entry = find(lake, METRICS.name, DAY - timedelta(20))
    assert (entry.published, entry.reason[:8]) == (False, "missing:")
    assert find(lake, SIGNALS.name, DAY).facts["left_out"] == []


def test_a_bad_earlier_day_is_left_out_by_name(copy, lake):
    """Yesterday's zip is not its checksum's: today has its signals, without yesterday, and says so; mended, it is old."""
    zipped = copy / key_of_day(AGG_TRADES, UM, BEFORE).path
    sound = zipped.with_name(f"{zipped.name}.CHECKSUM").read_bytes()
    put_sidecar(zipped, "a" * 64)
    said = []
    _, entry = signals_of(lake, copy, DAY, said.append)
    assert entry.published
    assert entry.facts["left_out"] == [f"um/btcusdt/trade_ticks@{BEFORE}", f"um/btcusdt/volume_buckets@{BEFORE}"]
    assert not entry.facts["yesterday"]
    assert said[0].startswith(f"left out um/btcusdt/agg_trades of {BEFORE}, on which signals of {DAY} look back: ")
    zipped.with_name(f"{zipped.name}.CHECKSUM").write_bytes(sound)
    signals_of(lake, copy, BEFORE)
    assert out_of_date(Manifest(lake), SIGNALS, UM, BEFORE) == [DAY]
    _, again = signals_of(lake, copy, DAY)
    assert again.facts["left_out"] == []
    assert out_of_date(Manifest(lake), SIGNALS, UM, BEFORE) == []


def test_an_archive_that_fails_names_asset_and_day(archive, lake):
    """One line: which earlier file, for which day, and why; what had arrived is given first."""
    key = key_of_day(METRICS, UM, DAY - timedelta(3))
    with serving(archive) as server:
        ingest = Ingest(lake, (BinanceArchive(Archive(server.url, attempts=1, sleep=lambda _: None)),), LATER)
        server.script(key.checksum_path, Answer(503))
        made = []
        with pytest.raises(SourceUnreachable) as failed:
            made.extend(iter_into(made, LookBack(ingest, UM, 4, print).make(DAY)))
    line = str(failed.value)
    assert line.startswith(f"um/btcusdt/metrics of {DAY - timedelta(3)}, on which signals of {DAY} look back: ")
    assert "\n" not in line
    assert len(made) == 30 + 1 + 1 - 1
    assert all(find(lake, entry.asset.rsplit("/", 1)[-1], entry.day) == entry for entry in made)


def iter_into(kept, entries):
    """Keep each entry as it comes, also if the next one fails."""
    for entry in entries:
        kept.append(entry)
    return ()


def test_a_late_yesterday_holds_up_nobody(archive, lake, copy):
    """Yesterday is not out while today is: left out by name, nothing recorded of it."""
    zipped = copy / key_of_day(AGG_TRADES, UM, BEFORE).path
    zipped.unlink()
    zipped.with_name(f"{zipped.name}.CHECKSUM").unlink()
    _, entry = signals_of(lake, copy, DAY, today=DAY + timedelta(1))
    assert f"um/btcusdt/trade_ticks@{BEFORE}" in entry.facts["left_out"]
    assert find(lake, AGG_TRADES.name, BEFORE) is None


def test_a_day_without_trades_looks_back_on_nothing(lake, tmp_path):
    """Its signals are absent whatever came before: no thirty requests, and no sources of other days."""
    with serving(tmp_path) as server:
        made, entry = signals_of(lake, server.url, DAY)
        assert made == []
        assert not entry.published
        assert not any("@" in source for source in entry.sources)
        assert not any(str(BEFORE) in path for path in server.requests)
