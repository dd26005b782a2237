"""What lies in the data folder is told to Dagster's history, under the version that its entry has."""

from datetime import date

import dagster as dg
import pytest

from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.sources.local_tree.document import document_of
from phoenix_core.sources.local_tree.inventory import take_inventory
from phoenix_dagster.operation.history import report, tell_adoption
from phoenix_dagster.settings import Settings

KEY = dg.AssetKey(["um", "btcusdt", "agg_trades"])
NOTHING = {"folder": "", "holdings": []}


def entry(asset="um/btcusdt/agg_trades", day="2024-03-24", **fields):
    return Entry(asset, day, **({"published": True, "sha256": f"sha-{day}"} | fields))


def told(instance, key=KEY):
    records = instance.fetch_materializations(key, limit=10).records
    return {one.partition_key: one.asset_materialization for one in records}


def test_a_report_is_a_materialization_without_a_run(instance):
    """Of the entry's day, with its data version and the reason."""
    report(instance, KEY, entry(), "Found by the doctor.")
    (record,) = instance.fetch_materializations(KEY, limit=10).records
    made = record.asset_materialization
    assert (record.run_id, record.partition_key) == ("", "2024-03-24")
    assert (made.tags["dagster/data_version"], made.description) == ("sha-2024-03-24", "Found by the doctor.")


def test_an_absent_day_is_reported_by_its_reason(instance):
    """It has no bytes, yet a version by which what follows is fresh: another reason is another version."""
    for day, reason in (("2024-03-24", "never"), ("2024-03-25", "missing"), ("2024-03-26", "never")):
        report(instance, KEY, entry(day=day, published=False, sha256="", reason=reason), "")
    first, second, third = (told(instance)[f"2024-03-{day}"].tags["dagster/data_version"] for day in (24, 25, 26))
    assert first == third != second


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A home whose history is files in it."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").touch()
    return tmp_path


def test_only_assets_and_partitions_of_ours_are_told(home):
    """Another symbol's day, a day before the start and one after the end are passed over."""
    settings = Settings(
        data=home / "data", symbols=(Listing.parse("um:BTCUSDT"),), start=date(2024, 3, 24), end=date(2024, 3, 25)
    )
    strange = [entry("um/ethusdt/agg_trades"), entry(day="2024-03-23"), entry(day="2024-03-26")]
    tell_adoption(settings, [*strange, entry(), entry(day="2024-03-25")], NOTHING)
    with dg.DagsterInstance.get() as instance:
        assert told(instance).keys() == {"2024-03-24", "2024-03-25"}
        assert told(instance, dg.AssetKey(["um", "ethusdt", "agg_trades"])) == {}
        assert "phoenix adopt" in told(instance)["2024-03-24"].description


def test_what_a_folder_holds_is_an_observation_of_the_raw_asset(home):
    """Days, missing ones, sizes and rows under their names; another symbol's files are passed over, no day is made."""
    folder = home / "future_data" / "daily_data" / "aggTrades"
    folder.mkdir(parents=True)
    row = "1,69903.5,0.014,1,1,1711238400000,true"
    for name in ("BTCUSDT-aggTrades-2024-03-24", "BTCUSDT-aggTrades-2024-03-27", "ETHUSDT-aggTrades-2024-03-24"):
        (folder / f"{name}.csv").write_text(f"{row}\n")
    settings = Settings(data=home / "data", symbols=(Listing.parse("um:BTCUSDT"),), start=date(2024, 3, 24))
    tell_adoption(settings, [], document_of(take_inventory(home / "future_data")))
    with dg.DagsterInstance.get() as instance:
        (record,) = instance.fetch_observations(KEY, limit=10).records
        assert told(instance) == {}
        assert not instance.fetch_observations(dg.AssetKey(["um", "ethusdt", "agg_trades"]), limit=1).records
    shown = {name: value.value for name, value in record.asset_observation.metadata.items()}
    columns = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
    assert shown == {
        "folder": str(home / "future_data"),
        "files": 2,
        "days": 2,
        "bytes": 2 * (len(row) + 1),
        "checksums": 0,
        "first_day": "2024-03-24",
        "last_day": "2024-03-27",
        "missing_days": 2,
        "double_days": 0,
        "which_missing": "2024-03-25…26",
        "preview": f"```\n{columns}\n{row}\n…\n{row}\n```",
    }


def test_what_is_known_is_not_told_again(home):
    """A folder that is adopted each night: a day or a file that is new or replaced is an event, the others are none."""
    folder = home / "aggTrades"
    folder.mkdir()
    settings = Settings(data=home / "data", symbols=(Listing.parse("um:BTCUSDT"),), start=date(2024, 3, 24))

    def events_after(day, *entries):
        (folder / f"BTCUSDT-aggTrades-{day}.csv").write_text("1,69903.5,0.014,1,1,1711238400000,true\n")
        tell_adoption(settings, entries, document_of(take_inventory(folder)))
        with dg.DagsterInstance.get() as instance:
            made = instance.fetch_materializations(KEY, limit=10).records
            return len(made), len(instance.fetch_observations(KEY, limit=10).records)

    assert events_after("2024-03-24", entry()) == (1, 1)
    assert events_after("2024-03-24", entry()) == (1, 1)
    assert events_after("2024-03-25", entry(), entry(day="2024-03-25")) == (2, 2)
    assert events_after("2024-03-25", entry(sha256="replaced"), entry(day="2024-03-25")) == (3, 2)
