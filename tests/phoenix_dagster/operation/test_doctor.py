"""The doctor finds what is wrong, changes nothing until asked, and then rebuilds only what is bad."""

import subprocess
import sys
from dataclasses import replace

import dagster as dg
import pytest
from fakes.zips import AGG_HEADER, DAY, agg_rows, put_day

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.manifest import Manifest
from phoenix_core.storage import Lake
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
    return {path: path.read_bytes() for path in lake.root.rglob("*") if path.is_file()}


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
    path = lake.path(Manifest(lake).find("um/btcusdt/trade_ticks", DAY).file)
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
    lake.path(Manifest.path("um/btcusdt/trade_ticks", DAY)).write_text("{")
    assert examine(repair=True)[0] == 0
    assert digests(lake) == before
    lake.path(Manifest.path("um/btcusdt/volume_buckets", DAY)).unlink()
    remaining, said = examine()
    assert remaining == 2
    assert "the history has it, the disk does not" in said
    assert "is in no manifest entry" in said


def test_strays_are_named_and_deleted(patient):
    """Whoever lists the folder would take it for data."""
    lake, examine = patient
    stray = lake.path(Manifest(lake).find("um/btcusdt/trade_ticks", DAY).file).with_name("copy.parquet")
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
