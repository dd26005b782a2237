"""A command that a warm process is asked for finds what a process of its own would."""

import subprocess
import sys

import pytest
from fakes import warm
from fakes.processes import plain_environment

FOUND = """
import os, signal, sys, time
print(sys.argv, sys.path[:2], os.getcwd(), __name__, sorted(os.environ), time.localtime(0).tm_hour)
print(signal.getsignal(signal.SIGCHLD), os.path.basename(sys.executable), sys.stdin.read())
print("complaint", file=sys.stderr)
sys.exit(int(os.environ["CODE"]))
"""


@pytest.mark.parametrize("code", ["0", "3"])
@pytest.mark.parametrize("words", [["-c", FOUND, "a", "b c"], ["-m", "found", "a"]], ids=["code", "module"])
def test_python_finds_the_same(tmp_path, words, code):
    """Arguments, path of modules, folder, environment, zone, input, output, exit code."""
    (tmp_path / "found.py").write_text(FOUND)
    environment = plain_environment() | {"CODE": code, "TZ": "Asia/Tokyo", "PYTHONPATH": "/elsewhere"}
    real, warmed = (
        subprocess.run([python, *words], cwd=tmp_path, env=environment, input="given", capture_output=True, text=True)
        for python in (sys.executable, warm.programs() / "python")
    )
    assert (warmed.returncode, warmed.stdout, warmed.stderr) == (real.returncode, real.stdout, real.stderr)
    assert real.returncode == int(code)


def test_a_command_that_is_killed_says_so():
    """As a shell would: 128 and the signal."""
    kills = "import os; os.kill(os.getpid(), 9)"
    assert subprocess.run([warm.programs() / "python", "-c", kills]).returncode == 137


@pytest.mark.parametrize(
    "words", [["phoenix", "--version"], ["phoenix", "nonsense"], ["dagster", "--help"]], ids=" ".join
)
def test_programs_say_the_same(words):
    """By the files that pip made."""
    real, warmed = (
        subprocess.run([folder / words[0], *words[1:]], capture_output=True, text=True)
        for folder in (warm.BIN, warm.programs())
    )
    assert (warmed.returncode, warmed.stdout, warmed.stderr) == (real.returncode, real.stdout, real.stderr)
