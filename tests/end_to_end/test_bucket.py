"""Everything over a bucket as over a folder: the same bytes from raw to report, and every command, the same answers."""

import os
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from fakes.s3 import KEY, SECRET, bucket_of, server
from nautilus_trader.model.data import TradeTick

from phoenix_core.catalog import schemas
from phoenix_core.catalog.store import nautilus_catalog
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_dagster.cli.app import main
from phoenix_dagster.deployment.home import refresh_dagster_yaml

DAY = "2024-03-25"
ASSET = "um/btcusdt"
# Of the reader of ticks in NautilusTrader, which looks at no variables.
OPTIONS = {"access_key_id": KEY, "secret_access_key": SECRET, "region": "us-east-1", "allow_http": "true"}


@pytest.fixture(scope="module")
def homes(market, tmp_path_factory):
    """A day of every asset through Dagster, into a folder and into a bucket; what belongs to each, by name."""
    from phoenix_dagster.code_location import definitions  # noqa: PLC0415 - reads settings at import
    from phoenix_dagster.settings import Settings  # noqa: PLC0415 - as above

    root = tmp_path_factory.mktemp("homes")
    server()
    found = {}
    for name, data in (("folder", str(root / "data")), ("bucket", bucket_of(root))):
        (home := root / name).mkdir()
        refresh_dagster_yaml(home)
        found[name] = {
            "DAGSTER_HOME": str(home), "PHOENIX_DATA": data, "PHOENIX_SCRATCH": str(root / "scratch"),
            "PHOENIX_ARCHIVE_URL": str(market.archive), "PHOENIX_START": "2024-03-24",
        }  # fmt: skip
        defs = definitions(
            Settings(data=data, archive_url=str(market.archive), scratch=root / "scratch", start="2024-03-24")
        )
        job = defs.resolve_implicit_global_asset_job_def()
        keys = [one for one in defs.resolve_asset_graph().materializable_asset_keys if one.path[0] == "um"]
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DAGSTER_HOME", str(home))
            with dg.DagsterInstance.get() as instance:
                done = job.execute_in_process(
                    instance=instance, partition_key=DAY, asset_selection=keys, run_config=quiet
                )
                assert done.success
    return found


@pytest.fixture(scope="module")
def folder(homes):
    return Lake.at(homes["folder"]["PHOENIX_DATA"])


@pytest.fixture(scope="module")
def bucket(homes):
    return Lake.at(homes["bucket"]["PHOENIX_DATA"], Local(Path(homes["bucket"]["PHOENIX_SCRATCH"])))


@pytest.fixture(scope="module")
def copy(homes, bucket):
    """Another prefix with the same, for commands that add to it."""
    other = Lake.at(f"{bucket.location}-copy", bucket.store.local)
    names = bucket.names("")
    assert all(bucket.each(lambda name: other.put_if_absent(name, bucket.read(name)), names))
    homes["copy"] = homes["bucket"] | {"PHOENIX_DATA": other.location}


@pytest.fixture
def phoenix(homes, capsys, monkeypatch, tmp_path):
    """Run a command over the folder or the bucket; its exit code and what it printed."""

    def run(place, *arguments):
        for name in [name for name in os.environ if name.startswith("PHOENIX_")]:
            monkeypatch.delenv(name)
        for name, value in homes[place].items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out.replace(homes[place]["PHOENIX_DATA"], "DATA"), said.err

    return run


def test_the_bytes_are_the_folders(folder, bucket):
    """From the zip to the report: the same names and the same digests; nothing is left in scratch."""
    names = bucket.names("")
    assert {name.partition("/")[0] for name in names} >= {"archive", "backtests", "catalog", "manifest", "signals"}
    assert names == folder.names("")
    assert dict(zip(names, bucket.each(bucket.sha256, names), strict=True)) == {
        name: folder.sha256(name) for name in names
    }
    assert bucket.leftovers() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["inventory"],
        ["plan", "--first", "2024-03-24", "--last", DAY],
        ["doctor"],
        ["compare"],
        ["verify", "--first", DAY, "--datasets", "agg_trades", "--against-archive"],
        ["report", "--no-open"],
        ["revise", "--dry-run"],
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_every_command_answers_as_of_a_folder(phoenix, arguments):
    """Word for word, but for figures, which the digests of the files hold."""
    of_bucket, of_folder = phoenix("bucket", *arguments), phoenix("folder", *arguments)
    assert of_bucket[0] == of_folder[0] == 0, of_bucket
    assert without_seconds(of_bucket[1]) == without_seconds(of_folder[1])


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify"],
        ["lookahead", "--first", DAY, "--instants", "1"],
        ["sweep", "--grid", "strategy.lpi_entry_threshold=0.6,0.8", "--first", DAY, "--processes", "1"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_computes_finds_nothing_wrong(phoenix, copy, arguments):
    """Recomputation, look-ahead, a grid."""
    code, out, err = phoenix("copy", *arguments)
    assert code == 0, out + err


def without_seconds(said):
    return [
        [word for word in line.split() if not word.endswith("s") and not word[0].isdigit()]
        for line in said.splitlines()
    ]


def test_libraries_read_the_same_values(folder, bucket):
    """Polars by URL; NautilusTrader's own catalog class, ticks by its reader in Rust and our own types by Arrow."""
    here, there = nautilus_catalog(folder), nautilus_catalog(bucket, OPTIONS | {"endpoint_url": server()})
    assert there.list_data_types() == here.list_data_types()
    for ask in ("trade_ticks", "bars", "instruments"):
        assert (found := getattr(here, ask)())
        assert [str(one) for one in getattr(there, ask)()] == [str(one) for one in found]
    assert (found := here.query(schemas.OpenInterest))
    assert [str(one) for one in there.query(schemas.OpenInterest)] == [str(one) for one in found]
    assert len(there.query(schemas.OpenInterest)) == len(found)
    day = next(name for name in bucket.names("catalog/data/trade_tick") if DAY in name)
    with bucket.publishing(later := day.replace(DAY, "2024-03-26")) as staged:
        staged.write_bytes(bucket.fetch(day, bucket.sha256(day)).read_bytes())
    assert f"/{later}" in str(there.get_file_list_from_data_cls(TradeTick))
    bucket.remove(later)
    file = f"signals/{ASSET}/signals/{DAY}.parquet"
    assert pl.read_parquet(bucket.address(file)).equals(pl.read_parquet(folder.address(file)))


def test_the_history_names_objects_and_no_key(homes):
    """Metadata of the assets say where people find a file, as a URL."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", homes["bucket"]["DAGSTER_HOME"])
        with dg.DagsterInstance.get() as instance:
            event = instance.get_latest_materialization_event(dg.AssetKey(["um", "btcusdt", "trade_ticks"]))
    told = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    assert any(str(value).startswith(homes["bucket"]["PHOENIX_DATA"]) for value in told.values())
    for path in Path(homes["bucket"]["DAGSTER_HOME"]).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert SECRET.encode() not in content
            assert KEY.encode() not in content


def test_another_host_finds_a_day_made(phoenix, homes, tmp_path, monkeypatch):
    """With a scratch of its own and no copies, it makes nothing again."""
    monkeypatch.setitem(homes["bucket"], "PHOENIX_SCRATCH", str(tmp_path / "other"))
    code, out, _ = phoenix("bucket", "run", "--first", DAY, "--select", "trade_ticks,signals")
    assert (code, out.splitlines()[0].startswith("Days: 1 kept, in")) == (0, True), out
