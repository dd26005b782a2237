"""Commands that users type, killed at random points, and run again to the end."""

import random
import signal
import subprocess
import time
from dataclasses import dataclass, field
from datetime import date, timedelta

from fakes import warm
from fakes.processes import ROOT, plain_environment

from phoenix_core.market import Listing
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from reliability.kills import digests

DAYS = ("2024-03-01", "2024-03-03")
ASSETS = ("agg_trades", "trade_ticks", "volume_buckets")
SHELL = [
    "dagster", "asset", "materialize", "-m", "phoenix_dagster.definitions",
    "--select", ",".join(f'key:"um/btcusdt/{name}"' for name in ASSETS), "--partition-range", "...".join(DAYS),
]  # fmt: skip
RUN = ["phoenix", "run", "--first", DAYS[0], "--last", DAYS[1], "--select", ",".join(ASSETS)]
COMMANDS = {"dagster asset materialize --partition-range": SHELL, "phoenix run": RUN}


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

    @property
    def published(self):
        """How many files are published."""
        return sum(path.is_file() and "_staging" not in path.parts for path in self.data.rglob("*"))

    def run(self, command, *, killed_at=None, after=0.0):
        """Run a command to its end, or kill it; give its exit code and what it said.

        Args:
            command: With arguments.
            killed_at: How many files must be published before it is killed.
            after: Seconds between that and the kill.
        """
        program, *words = command
        process = subprocess.Popen(
            [warm.programs() / program, *words],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + 120
        while killed_at is not None and process.poll() is None and time.monotonic() < deadline:
            if self.published >= killed_at:
                time.sleep(after)
                process.kill()
                break
            time.sleep(0.01)
        said = process.communicate(timeout=120)[0]
        return process.returncode, said


@dataclass
class Killed:
    """What kills did to one command.

    A kill is effective if it struck after something was published and before all of it was; others are not counted.
    """

    command: str
    rounds: int = 0
    kills: int = 0
    effective: int = 0
    unended: int = 0  # the run after two kills did not end by itself with success
    different: int = 0  # it did, in other bytes than an undisturbed one
    said: list[str] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """Broken promises of any kind."""
        return self.unended + self.different


def rounds(folder, archive, name, *, whole, count, seed):
    """Kill a command twice, then run it to its end, in a new home each round."""
    chosen, found, command = random.Random(seed), Killed(name), COMMANDS[name]
    for number in range(count):
        home = Home(folder / f"round-{number}", archive)
        for _ in range(2):
            before = digests(home.data)
            at = chosen.randint(len(before) + 1, max(len(before) + 1, len(whole) - 6))
            code, _ = home.run(command, killed_at=at, after=chosen.uniform(0, 0.3))
            found.kills += 1
            found.effective += code == -signal.SIGKILL and digests(home.data) not in (whole, before)
        code, said = home.run(command)
        found.rounds += 1
        found.unended += bool(code)
        found.different += not code and digests(home.data) != whole
        if code:
            found.said.append(said)
    return found


def killed(folder, *, count, seed):
    """Both commands over three small days, each held to the bytes of one that nothing disturbed."""
    days = [date.fromisoformat(DAYS[0]) + timedelta(n) for n in range(3)]
    size = MarketSize(trades=2_000, quotes_per_trade=1)
    write_archive(folder / "archive", Listing.parse("um:BTCUSDT"), days, size=size)
    undisturbed = Home(folder / "undisturbed", folder / "archive")
    code, said = undisturbed.run(RUN)
    assert code == 0, said
    whole = digests(undisturbed.data)
    return [rounds(folder / name, folder / "archive", name, whole=whole, count=count, seed=seed) for name in COMMANDS]
