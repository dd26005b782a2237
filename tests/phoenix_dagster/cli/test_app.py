"""Exit codes, errors of one line, pipes and the version."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

PHOENIX = [sys.executable, "-m", "phoenix_dagster.cli"]


def test_the_version_is_the_packages(phoenix):
    """`--version` prints one line."""
    assert phoenix("--version") == (0, f"phoenix {version('phoenix')}\n", "")


def test_help_lists_exit_codes(phoenix):
    """At its end, since scripts are written from it."""
    code, said, _ = phoenix("--help")
    assert code == 0
    for meaning in ("0 done", "1 a finding", "2 a wrong call", "130 interrupted", "141 the reader"):
        assert meaning in " ".join(said.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["inventory"], "There is no data folder"),
        (["plan", "--first", ""], "--first: '' is not a day"),
        (["plan", "--first", "2024-03-05", "--last", "2024-03-04"], "runs backwards"),
        (["plan", "--first", "1999-01-01"], "expected days from 2024-03-01 (PHOENIX_START)"),
        (["plan", "--first", "9" * 5000], "is not a day"),
        (["plan", "--first", "2024-03-05", "--symbol", "um:btcusdt"], "did you mean um:BTCUSDT?"),
        (["plan", "--first", "2024-03-05", "--symbol", "☃"], "expected one of PHOENIX_SYMBOLS"),
        (["plan", "--first", "2024-03-05", "--datasets", "agg_trade"], "did you mean agg_trades?"),
        (["plan", "--first", "2024-03-05", "--datasets", " , "], "names nothing"),
        (["demo", "--folder", "/etc/passwd"], "/etc/passwd can't be used: Not a directory"),
        (["backfill"], "needs one of --first, --follow and --cancel"),
        (["backfill", "--follow", "abc", "--url", "http://127.0.0.1:9"], "No Dagster answers"),
    ],
)
def test_a_wrong_call_is_one_line(phoenix, arguments, message):
    """Exit code 2, the line on stderr, and nothing on stdout."""
    code, out, err = phoenix(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_closed_pipe_is_no_error_to_speak_of(tmp_path):
    """The reader went away: 141 as a shell would have it, and no word on stderr."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*PHOENIX, "settings"], cwd=tmp_path, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("command", ["settings", "--help", "--version"])
def test_a_full_disk_is_an_error(tmp_path, command):
    """What could not be written was not said."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run([*PHOENIX, command], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "phoenix: The output can't be used: No space left on device.\n"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_has_a_script(tmp_path, shell):
    """Asked as each shell asks."""
    environment = os.environ | {"_PHOENIX_COMPLETE": f"source_{shell}"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from phoenix_dagster.cli.app import main; sys.exit(main([]))"],
        env=environment, cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "_phoenix_completion" in done.stdout
    assert f"complete_{shell}" in done.stdout


def test_help_loads_nothing_heavy():
    """Neither settings nor Dagster nor Polars: `--help` and Tab answer at once."""
    code = (
        "import sys; from phoenix_dagster.cli.app import main; main(['--help']); "
        "sys.exit(' '.join({'pydantic', 'dagster', 'polars', 'pyarrow', 'gql'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
