"""Every command of the README that needs no network, executed as it stands there."""

import shutil
from pathlib import Path

import pytest
from fakes.documents import as_script, executed_blocks, run_script
from fakes.zips import AGG_HEADER, agg_rows, put_day

from phoenix_core.datasets import AGG_TRADES

ROOT = Path(__file__).parents[2]
BLOCKS = executed_blocks(ROOT / "README.md", "test_readme.py")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The files that commands of the README expect in the current folder."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("dagster.yaml", "workspace.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def run(folder, kind, text, archive):
    """Run a block against an archive, with the clone as Dagster's home."""
    return run_script(folder, as_script([(kind, text)]), PHOENIX_ARCHIVE_URL=str(archive), DAGSTER_HOME=str(folder))


def test_the_readme_has_commands():
    """Five blocks for the shell, one for Python."""
    assert [kind for kind, _ in BLOCKS] == ["sh"] * 5 + ["python"]


def test_every_block_works_on_real_files(clone, real_files):
    """Against the folder of real files: a day, a range in one run, a selection, an experiment, and Python."""
    for kind, text in BLOCKS:
        done = run(clone, kind, text, real_files)
        assert done.returncode == 0, f"{text}\n{done.stderr[-3000:]}"
    assert "69903.5" in done.stdout
    assert (clone / "history").is_dir()


def test_a_real_day_trades_from_the_shell(clone, real_files):
    """66,088 quotes and 10,447 trades of 2024-08-08, gates off by config alone: fills."""
    chain = BLOCKS[0][1].splitlines()[1].replace("2024-03-30", "2024-08-08")
    trial = BLOCKS[2][1].replace("2024-03-30", "2024-08-08")
    done = run(clone, "sh", f"{chain}\n{trial}", real_files)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list(clone.glob("data/backtests/*/2024-08-08/fills.parquet"))) == 2
    said = done.stdout + done.stderr
    assert "missing: the archive has no metrics of um:BTCUSDT for 2024-08-08" in said


def test_a_mirror_serves_the_same(clone, server, tmp_path):
    """By URL instead of a folder."""
    put_day(server.root, AGG_TRADES, AGG_HEADER + agg_rows((1, "69903.5", "0.014", 14, "true")))
    line = BLOCKS[1][1].splitlines()[0]
    done = run(clone, "sh", line, server.url)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "/data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-03-30.zip" in server.requests
    assert tmp_path.is_dir()


def test_an_unreachable_archive_fails_with_one_line(clone, tmp_path):
    """A folder that is not there: what was expected, what was found, and what to correct."""
    done = run(clone, "sh", BLOCKS[1][1].splitlines()[0], tmp_path / "nowhere")
    assert done.returncode == 1
    said = {line for line in done.stderr.splitlines() if "Failure: PHOENIX_ARCHIVE_URL is" in line}
    assert len(said) == 1
    assert "expected https://data.binance.vision, another http(s) URL, or a folder that exists" in said.pop()
