"""The doctor finds what is wrong, changes nothing until asked, and then rebuilds only what is bad."""

import shutil
import subprocess
import sys
from dataclasses import replace

import dagster as dg
import pytest
from fakes.zips import AGG_HEADER, DAY, agg_rows, put_day

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.storage.lake import Lake
from phoenix_dagster.deployment.claims import PROCESS_TAG
from phoenix_dagster.deployment.processes import Identity
from phoenix_dagster.operation.doctor import doctor

NAMES = "agg_trades trade_ticks volume_buckets"


@pytest.fixture
def patient(server, make_defs, materialize, instance, tmp_path):
    """A day of trades up to buckets; give (lake, examine)."""
    rows = [(n, "69903.5", "5", n * 1_000, "true") for n in range(1, 30)]
    put_day(server.root, AGG_TRADES, AGG_HEADER + agg_rows(*rows))
    defs = make_defs(tmp_path / "lake", server.url)
    assert materialize(defs, NAMES, partition_key=str(DAY)).success
    lake = Lake.at(tmp_path / "lake")

    def examine(*, repair=False):
        said = []
        remaining = doctor(lake, defs, instance, repair=repair, say=said.append)
        return remaining, "\n".join(said)

    return lake, examine


def digests(lake):
    return {path: path.read_bytes() for path in lake.store.root.rglob("*") if path.is_file()}


def test_a_sound_folder_has_no_problem(patient):
    """Three entries, three files, and a history that agrees."""
    _, examine = patient
    remaining, said = examine()
    assert remaining == 0
    assert "examined 3 entries, 3 files" in said
    assert "0 disagreements" in said


def test_a_flipped_bit_is_found_and_rebuilt(patient):
    """Dry first: found, and nothing touched. Then the same bytes as before."""
    lake, examine = patient
    before = digests(lake)
    path = lake.store.path(Manifest(lake).find("um/btcusdt/trade_ticks", DAY).file)
    sound = path.read_bytes()
    path.write_bytes(sound[:-99] + bytes([sound[-99] ^ 1]) + sound[-98:])
    damaged = digests(lake)
    remaining, said = examine()
    assert (remaining, digests(lake)) == (1, damaged)
    assert f"altered         {path} is not what was published" in said
    assert examine(repair=True)[0] == 0
    assert digests(lake) == before


def test_a_broken_entry_is_rebuilt(patient):
    """A manifest entry that is no JSON, and one that is gone."""
    lake, examine = patient
    before = digests(lake)
    lake.store.path(Manifest.path("um/btcusdt/trade_ticks", DAY)).write_text("{")
    assert examine(repair=True)[0] == 0
    assert digests(lake) == before
    lake.store.path(Manifest.path("um/btcusdt/volume_buckets", DAY)).unlink()
    remaining, said = examine()
    assert remaining == 2
    assert "the history has it, the disk does not" in said
    assert "is in no manifest entry" in said


def test_strays_are_named_and_deleted(patient):
    """Whoever lists the folder would take it for data."""
    lake, examine = patient
    stray = lake.store.path(Manifest(lake).find("um/btcusdt/trade_ticks", DAY).file).with_name("copy.parquet")
    stray.write_bytes(b"x")
    assert examine()[0] == 1
    assert examine(repair=True)[0] == 0
    assert not stray.exists()


def test_history_and_disk_are_brought_together(patient, instance):
    """What only the disk has is told to the history; what only the history has is made again."""
    lake, examine = patient
    key = dg.AssetKey(["um", "btcusdt", "trade_ticks"])
    instance.wipe_assets([key])
    remaining, said = examine()
    assert remaining == 1
    assert f"um/btcusdt/trade_ticks of {DAY}: the disk has it, the history does not" in said
    assert examine(repair=True)[0] == 0
    assert instance.get_materialized_partitions(key) == {str(DAY)}
    before = digests(lake)
    entry = Manifest(lake).find("um/btcusdt/trade_ticks", DAY)
    lake.remove(entry.file)
    lake.remove(Manifest.path(entry.asset, DAY))
    assert "the history has it, the disk does not" in examine()[1]
    assert examine(repair=True)[0] == 0
    assert digests(lake) == before


def test_days_between_are_named_and_no_defect(patient):
    """A day a week later leaves six days that were never materialized."""
    lake, examine = patient
    entry = Manifest(lake).find("um/btcusdt/agg_trades", DAY)
    later = replace(entry, day="2024-04-06", published=False, reason="never: a test", file="", sha256="")
    Manifest(lake).record(later)
    remaining, said = examine()
    assert "um/btcusdt/agg_trades: 6 days between 2024-03-30 and 2024-04-06 were never materialized" in said
    assert remaining == 1  # the history does not know the later day


@pytest.fixture
def results(market, make_defs, materialize, instance, tmp_path):
    """Two experiments over one range with their reports, and one of a day; give (lake, examine, folders)."""
    data = shutil.copytree(market.lake.store.root, tmp_path / "results")
    defs, lake = make_defs(data, market.archive), Lake.at(data)
    span = {"first": str(market.days[0]), "last": str(market.days[1])}
    for balance in (100_000.0, 50_000.0):
        config = {"venue": {"starting_balance": balance}} | span
        ops = {"ops": {"um__btcusdt__continuous_backtest": {"config": config}}}
        assert materialize(defs, "continuous_backtest report", config=ops).success
    ops = {"ops": {"um__btcusdt__backtest": {"config": {"venue": {"seed": 43}, "replay": "full"}}}}
    assert materialize(defs, "backtest", config=ops, partition_key=str(market.days[0])).success

    def examine(*, repair=False):
        said = []
        return doctor(lake, defs, instance, repair=repair, say=said.append), "\n".join(said)

    examine(repair=True)  # the history learns of the days that were made without it
    folders = {}
    for key in Manifest(lake).recorded():
        if key.variant:
            folders[key.asset.rpartition("/")[2], len(folders)] = lake.store.path(f"backtests/{key.variant}/{key.day}")
    return lake, examine, folders


def test_every_experiment_is_verified_and_repaired_with_its_own_settings(results):
    """A table, a description, a report and a day's result, of experiments that are not the last."""
    lake, examine, folders = results
    assert sorted(name for name, _ in folders) == ["backtest", *["continuous_backtest"] * 2, "report", "report"]
    before = digests(lake)
    assert examine()[0] == 0
    ranges = [folder for (name, _), folder in folders.items() if name == "continuous_backtest"]
    day = next(folder for (name, _), folder in folders.items() if name == "backtest")
    bad = [
        ranges[0] / "fills.parquet",
        ranges[1] / "experiment.json",
        ranges[1] / "report.html",
        day / "equity.parquet",
    ]
    for path in bad:
        path.write_bytes(path.read_bytes()[:-1])
    remaining, said = examine()
    assert remaining == len(bad)
    assert all(f"altered         {path} is not what was published" in said for path in bad)
    assert examine(repair=True)[0] == 0
    assert digests(lake) == before


def test_an_entry_of_an_experiment_is_made_again_from_its_result(results):
    """Gone to pieces, it is told by the folder; where that is altered as well, it is said and left."""
    lake, examine, _ = results
    before = digests(lake)
    key = next(key for key in Manifest(lake).recorded() if key.asset.endswith("continuous_backtest"))
    lake.write(key.path, b"{")
    assert examine(repair=True)[0] == 0
    assert digests(lake) == before
    lake.write(key.path, b"{")
    lake.write(f"backtests/{key.variant}/{key.day}/experiment.json", b"{}")
    remaining, said = examine(repair=True)
    assert f"can't tell the experiment of {key}: materialize it again with its config" in said
    assert remaining


def test_runs_without_a_process_are_named_and_ended(patient, instance, make_defs, tmp_path):
    """A run whose process was killed is at work for ever in the history, until it is ended."""
    _, examine = patient
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(30)
    job = make_defs(tmp_path / "lake", tmp_path).resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    process = replace(Identity.own(), pid=ended.pid)
    instance.add_run_tags(run.run_id, {PROCESS_TAG: f"{run.run_id} {process}"})
    remaining, said = examine()
    assert remaining == 1
    assert f"{run.run_id[:8]} is started in the history, and its process {ended.pid} on " in said
    assert not instance.get_run_by_id(run.run_id).is_finished
    remaining, said = examine(repair=True)
    assert remaining == 0
    assert f"Run {run.run_id[:8]} has ended as failed" in said
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE


def test_a_repair_deletes_no_file_of_somebodys_own(patient, tmp_path):
    """A day that was taken from one is withdrawn when the file has changed; the file is its owner's."""
    lake, examine = patient
    own = tmp_path / "own.zip"
    own.write_bytes(b"changed since")
    early = Entry("um/btcusdt/agg_trades", "2010-01-01", published=True, file=str(own), sha256="0" * 64)
    Manifest(lake).record(early)
    said = examine(repair=True)[1]
    assert "withdrew um/btcusdt/agg_trades of 2010-01-01" in said
    assert Manifest(lake).find(*early.key) is None
    assert own.read_bytes() == b"changed since"
