"""SIGKILL at named points, and SIGKILL or SIGTERM at random instants, of every stage, and what is left afterwards.

A named point is the n-th call of something between the first byte and the last entry: a block of the
download, a row group, a flush before or after, a rename before or after. A kill is effective if it
struck after work had begun and before all of it was published; only those are counted.
"""

import hashlib
import os
import pathlib
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from phoenix_core.interrupts import EXIT_CODE, ended_by_swallowed_interrupts
from phoenix_core.storage.lake import Lake
from reliability import stages

_DEADLINE = 60.0
INTERRUPTED = EXIT_CODE


@dataclass
class Killed:
    """What kills did to one stage."""

    stage: str
    named: int = 0
    random: int = 0
    terminated: int = 0  # of these, by SIGTERM while at work
    effective: int = 0
    torn: int = 0  # published files that are neither the old nor the new bytes
    unfounded: int = 0  # manifest entries whose file is not there
    different: int = 0  # re-runs that did not end in the reference's bytes
    read_torn: int = 0  # what a concurrent reader saw that was neither absent nor whole
    reads: int = 0
    uncleaned: int = 0  # leftovers that the sweep did not take
    points: Counter = field(default_factory=Counter)

    @property
    def failures(self) -> int:
        """Broken promises of any kind."""
        return self.torn + self.unfounded + self.different + self.read_torn + self.uncleaned


def digests(lake: Path) -> dict[str, str]:
    """SHA-256 of every file outside the staging folder."""
    found = {}
    for path in sorted(lake.rglob("*")):
        if path.is_file() and "_staging" not in path.parts:
            found[str(path.relative_to(lake))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def forked(work) -> int:
    """Start work in a forked process and give its id; what it raises ends it with 1."""
    child = os.fork()
    if child:
        return child
    try:
        with ended_by_swallowed_interrupts():
            work()
        os._exit(0)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    except BaseException:  # noqa: BLE001 - the child reports by its exit code alone
        import traceback  # noqa: PLC0415 - only then

        traceback.print_exc()
        os._exit(1)


def ended(child: int) -> int:
    """Wait for a process: its exit code, or minus the signal that ended it."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def kill_at(point: str, nth: int) -> None:
    """Arrange that this process kills itself at the n-th call of a point."""
    calls = Counter()

    def strike(name: str) -> None:
        calls[name] += 1
        if name == point and calls[name] == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(owner, name, before, after=None):
        plain = getattr(owner, name)

        def replaced(*args, **kwargs):
            strike(before)
            result = plain(*args, **kwargs)
            if after:
                strike(after)
            return result

        setattr(owner, name, replaced)

    around(os, "fsync", "before fsync", "after fsync")
    around(pathlib.Path, "replace", "before rename", "after rename")
    around(pathlib.Path, "write_bytes", "before bytes", "after bytes")
    around(pq.ParquetWriter, "write_table", "before row group", "after row group")
    around(pl.DataFrame, "write_parquet", "before table", "after table")
    around(stages, "progress", "a block arrives")
    kill_at.calls = calls


POINTS = (
    "before fsync", "after fsync", "before rename", "after rename", "before bytes", "after bytes",
    "before row group", "after row group", "before table", "after table", "a block arrives",
)  # fmt: skip


class Harness:
    """An archive, and for each stage a folder just before it and the bytes just after it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.before: dict[str, Path] = {}
        self.reference: dict[str, dict[str, str]] = {}
        self.calls: dict[str, Counter] = {}
        self.seconds: dict[str, float] = {}
        assert ended(forked(lambda: stages.archive(root))) == 0
        lake = root / "reference"
        lake.mkdir()
        for stage in stages.STAGES:
            self.before[stage] = root / f"before-{stage}"
            shutil.copytree(lake, self.before[stage])
            started = time.monotonic()
            counted = root / f"{stage}.calls"

            def work(stage=stage, counted=counted):
                kill_at("nothing", 0)
                stages.WORK[stage](root, Lake.at(lake))
                counted.write_text("\n".join(f"{count} {name}" for name, count in kill_at.calls.items()))

            assert ended(forked(work)) == 0, stage
            self.seconds[stage] = time.monotonic() - started
            self.reference[stage] = digests(lake)
            lines = [line.split(" ", 1) for line in counted.read_text().splitlines()]
            self.calls[stage] = Counter({name: int(count) for count, name in lines})

    def points(self, stage: str) -> list[tuple[str, int]]:
        """Every named point of a stage: what is called, and at which call."""
        return [(point, nth) for point in POINTS for nth in range(1, self.calls[stage][point] + 1)]

    def kill(
        self,
        stage: str,
        result: Killed,
        point: tuple[str, int] | None,
        *,
        after: float = 0.0,
        by: signal.Signals = signal.SIGKILL,
    ) -> None:
        """Kill one run of a stage, look at what is left, run it again, look once more.

        SIGTERM interrupts it as Dagster lets it: by an exception, wherever it may be.
        """
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            lake = Path(folder) / "lake"
            shutil.copytree(self.before[stage], lake)
            reader, told = self._reader(lake, stage)

            def work():
                signal.signal(signal.SIGTERM, signal.default_int_handler)
                if point:
                    kill_at(*point)
                stages.WORK[stage](self.root, Lake.at(lake))

            child = forked(work)
            if point is None:
                time.sleep(after)
                os.kill(child, by)
            code = ended(child)
            self._judge(stage, lake, result, point or ("random", 0), killed=code != 0)
            result.terminated += code == INTERRUPTED
            assert ended(forked(lambda: stages.WORK[stage](self.root, Lake.at(lake)))) == 0
            result.different += digests(lake) != self.reference[stage]
            os.kill(reader, signal.SIGTERM)
            ended(reader)
            reads, torn = told.read_text().split()
            result.reads, result.read_torn = result.reads + int(reads), result.read_torn + int(torn)
            staging = Lake.at(lake).scratch
            for path in staging.iterdir() if staging.is_dir() else ():
                os.utime(path, (0, 0))
            Lake.at(lake).sweep()
            result.uncleaned += len(list(staging.iterdir())) if staging.is_dir() else 0

    def _judge(self, stage: str, lake: Path, result: Killed, point: tuple[str, int], *, killed: bool) -> None:
        left = digests(lake)
        new = self.reference[stage]
        old = {str(path.relative_to(self.before[stage])) for path in self.before[stage].rglob("*") if path.is_file()}
        result.torn += sum(digest != new[name] for name, digest in left.items() if name in new or name not in old)
        staging = lake / "_staging"
        has_begun = (staging.is_dir() and any(staging.iterdir())) or left.keys() > old
        if killed and has_begun and left != new:
            result.effective += 1
            result.points[point[0]] += 1
        import json  # noqa: PLC0415 - here alone

        for entry in (lake / "manifest").rglob("*.json"):
            document = json.loads(entry.read_bytes())
            result.unfounded += bool(document["published"]) and not (lake / document["file"]).is_file()

    def _reader(self, lake: Path, stage: str) -> tuple[int, Path]:
        """A process that reads the stage's files for as long as it lives and counts what is not whole."""
        told = lake.parent / "reader"
        wanted = {name: digest for name, digest in self.reference[stage].items() if not name.startswith("manifest")}

        def work():
            reads = torn = 0
            going = True

            def stop(*_):
                nonlocal going
                going = False

            signal.signal(signal.SIGTERM, stop)
            while going:
                for name, digest in wanted.items():
                    try:
                        content = (lake / name).read_bytes()
                    except FileNotFoundError:
                        continue
                    reads += 1
                    torn += hashlib.sha256(content).hexdigest() != digest
                time.sleep(0.001)
            told.write_text(f"{reads} {torn}")

        return forked(work), told


def kill_everywhere(root: Path, *, named: int, at_random: int, seed: int) -> list[Killed]:
    """Kill every stage: so many named points and random instants over all stages together."""
    harness = Harness(root)
    chosen = random.Random(seed)
    results = []
    for stage in stages.STAGES:
        result = Killed(stage)
        points = harness.points(stage)
        for number in range(named // len(stages.STAGES)):
            # All points in turn, in a shuffled order.
            if number % len(points) == 0:
                chosen.shuffle(points)
            harness.kill(stage, result, points[number % len(points)])
            result.named += 1
        for number in range(at_random // len(stages.STAGES)):
            by = (signal.SIGKILL, signal.SIGTERM)[number % 2]
            harness.kill(stage, result, None, after=chosen.uniform(0, harness.seconds[stage]), by=by)
            result.random += 1
        results.append(result)
    return results


def write_data_killed(root: Path, *, kills: int, seed: int, enough: int | None = None) -> tuple[int, int]:
    """The negative control: NautilusTrader's own write_data under the same kills, until enough files are broken.

    Returns:
        Kills, and how many left a file that can't be read and that a second run did not mend.
    """
    from nautilus_trader.persistence.catalog import ParquetDataCatalog  # noqa: PLC0415 - here alone
    from nautilus_trader.test_kit.stubs.data import TestDataStubs  # noqa: PLC0415 - here alone

    ticks = [TestDataStubs.quote_tick(ts_event=n, ts_init=n) for n in range(60_000)]
    chosen = random.Random(seed)

    def write(folder):
        os.close(1)
        os.open(os.devnull, os.O_WRONLY)  # it prints that it skips
        ParquetDataCatalog(str(folder)).write_data(ticks)

    started = time.monotonic()
    assert ended(forked(lambda: write(root / "control"))) == 0
    seconds = time.monotonic() - started
    broken = 0
    for number in range(kills):
        folder = root / f"control-{number}"
        child = forked(lambda folder=folder: write(folder))
        # The file grows in the last part of the call: kill as soon as it is seen, or at random.
        until = time.monotonic() + chosen.uniform(0, seconds) * 1.5
        while time.monotonic() < until and not list(folder.rglob("*.parquet")):
            time.sleep(0.0005)
        time.sleep(chosen.uniform(0, 0.01))
        os.kill(child, signal.SIGKILL)
        ended(child)
        ended(forked(lambda folder=folder: write(folder)))
        for path in folder.rglob("*.parquet"):
            try:
                rows = pq.read_metadata(path).num_rows
            except Exception:  # noqa: BLE001 - whatever it is, the file can't be read
                rows = -1
            broken += rows != len(ticks)
        if enough is not None and broken >= enough:
            return number + 1, broken
    return kills, broken
