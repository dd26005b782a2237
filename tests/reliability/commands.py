"""Commands that users type, killed at random points, and run again to the end."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from fakes.processes import ROOT, plain_environment

from reliability.kills import digests

DAYS = ("2024-03-01", "2024-03-03")
ASSETS = ("agg_trades", "trade_ticks", "volume_buckets")
BIN = Path(sys.executable).parent
SHELL = [
    str(BIN / "dagster"), "asset", "materialize", "-m", "phoenix_dagster.definitions",
    "--select", ",".join(f'key:"um/btcusdt/{name}"' for name in ASSETS), "--partition-range", "...".join(DAYS),
]  # fmt: skip
PHOENIX = [str(BIN / "phoenix"), "run", "--first", DAYS[0], "--last", DAYS[1], "--select", ",".join(ASSETS)]


class Home:
    """A folder with a history and data of its own."""

    def __init__(self, folder, archive):
        self.data = folder / "data"
        (folder / "dagster").mkdir(parents=True)
        (folder / "dagster" / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
        self.environment = plain_environment() | {
            "DAGSTER_HOME": str(folder / "dagster"),
            "PHOENIX_DATA": str(self.data),
            "PHOENIX_ARCHIVE_URL": str(archive),
            "PHOENIX_START": DAYS[0],
            "PHOENIX_DAYS_PER_RUN": "all",
        }

    def run(self, command, *, killed_after=None):
        """Run a command to its end, or kill it; give its exit code and what it said."""
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            said = process.communicate(timeout=killed_after or 120)[0]
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            said = process.communicate()[0]
        return process.returncode, said


def rounds(folder, archive, command, *, count, seed):
    """Kill a command twice, then run it to its end; give rounds that did not end well or have other bytes."""
    chosen = random.Random(seed)
    undisturbed = Home(folder / "undisturbed", archive)
    started = time.monotonic()
    code, said = undisturbed.run(command)
    seconds = time.monotonic() - started
    assert code == 0, said
    bad = []
    for number in range(count):
        home = Home(folder / f"round-{number}", archive)
        for _ in range(2):
            home.run(command, killed_after=chosen.uniform(0.3, 1.0) * seconds)
        code, said = home.run(command)
        if code or digests(home.data) != digests(undisturbed.data):
            bad.append(said)
    return bad
