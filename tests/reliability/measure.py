"""Fills docs/reliability.md: `uv run python -m reliability.measure` below tests/, `--long` for the full counts.

Nothing in the table is written by hand. What is counted, and how, is said in the modules beside this one.
"""

import argparse
import platform
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from reliability import commands, damage, garbage, guided, kills, writers
from reliability.faults import FAULTS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


@dataclass(frozen=True)
class Size:
    """How much is tried."""

    named: int
    at_random: int
    control: int
    inputs: int
    flips: int
    rounds: int
    commands: int


SHORT = Size(named=25, at_random=10, control=10, inputs=600, flips=90, rounds=1, commands=1)
LONG = Size(named=200, at_random=200, control=40, inputs=100_000, flips=1_000, rounds=5, commands=10)


@dataclass
class Figures:
    """What was found."""

    killed: list[kills.Killed]
    control: tuple[int, int]
    garbage: dict[str, Counter]
    guided: dict[str, guided.Fuzzed]
    flips: Counter
    wrong_files: int
    writers: int
    digests: int
    processes: int
    commands: list[commands.Killed]
    seconds: float

    @property
    def broken(self) -> int:
        """Promises that were broken; the control is not among them."""
        untyped = sum(n for counts in self.garbage.values() for name, n in counts.items() if name.startswith("UN"))
        missed = sum(self.flips[kind] - self.flips[f"{kind} noticed"] for kind in ("zip", "parquet", "manifest"))
        missed += self.flips["for the doctor"] - self.flips["named by the doctor"]
        untyped += sum(bool(one.found) for one in self.guided.values())
        untyped += sum(one.failures for one in self.commands)
        return sum(one.failures for one in self.killed) + untyped + missed + self.wrong_files + self.digests - 1


def measure(size: Size, seed: int) -> Figures:
    """Inject everything and count. To be called in a process that has run neither Polars nor NautilusTrader."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        killed = kills.kill_everywhere(Path(folder), named=size.named, at_random=size.at_random, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        control = kills.write_data_killed(Path(folder), kills=size.control, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        assert kills.ended(kills.forked(lambda: damage.folder_of(root))) == 0
        expected = kills.digests(root / "lake")
        counts = [count for _ in range(size.rounds) for count in (2, 8)]
        wrong = sum(writers.at_once(root, root / f"at-once-{n}", count, expected) for n, count in enumerate(counts))
        seeds = ["0", "1", "12345"] * size.rounds
        digests = writers.backtest_digests(root, root / "lake", seeds)
        flips = damage.flips(damage.Lake.at(root / "lake"), size.flips, seed)
    with tempfile.TemporaryDirectory() as folder:
        typed = commands.killed(Path(folder), count=size.commands, seed=seed)
    fuzzed = {}
    for name, target in garbage.TARGETS.items():
        with tempfile.TemporaryDirectory() as folder:
            fuzzed[name] = target(Path(folder), size.inputs, random.Random(seed))
    steered = {name: guided.fuzzed(name, size.inputs, seed) for name in guided.TARGETS}
    return Figures(
        killed,
        control,
        fuzzed,
        steered,
        flips,
        wrong,
        sum(counts),
        len(digests),
        len(seeds),
        typed,
        time.monotonic() - started,
    )


def page(found: Figures, size: Size, seed: int) -> str:
    """The page as Markdown."""
    effective = sum(one.effective for one in found.killed)
    tried = sum(one.named + one.random for one in found.killed)
    bound = f"at most {3 / effective:.1%} of such kills at 95 % confidence" if effective else "nothing can be said"
    flips = sum(found.flips[kind] for kind in ("zip", "parquet", "manifest"))
    noticed = sum(found.flips[f"{kind} noticed"] for kind in ("zip", "parquet", "manifest"))
    inputs = sum(sum(counts.values()) for counts in found.garbage.values())
    untyped = sum(n for counts in found.garbage.values() for name, n in counts.items() if name.startswith("UN"))
    form = " --long" if size == LONG else ""
    lines = [
        "# What was broken on purpose",
        "",
        f"Written by `PYTHONPATH=tests uv run python -m reliability.measure{form}`",
        f"in {found.seconds / 60:.0f} min on {platform.machine()}, Python {platform.python_version()}, seed {seed}. All data is synthetic,",
        "all faults are injected into real processes, files and sockets. Kills that struck before work had begun or after",
        "all of it was published are tried and not counted.",
        "",
        "| figure | found |",
        "|---|---|",
        f"| kills tried / effective | {tried} / {effective} |",
        f"| of those tried, by SIGTERM while at work | {sum(one.terminated for one in found.killed)} |",
        f"| published files torn, or entries without their file | {sum(one.torn + one.unfounded for one in found.killed)} |",
        f"| runs after a kill that ended in other bytes (rows lost or duplicated) | {sum(one.different for one in found.killed)} |",
        f"| half files seen by a reader meanwhile, of {sum(one.reads for one in found.killed):,} reads | {sum(one.read_torn for one in found.killed)} |",
        f"| leftovers that the sweep did not take | {sum(one.uncleaned for one in found.killed)} |",
        f"| what 0 of {effective} bounds | {bound} |",
        f"| **negative control**: `write_data` under the same kills, files broken for good | {found.control[1]} of {found.control[0]} |",
        f"| processes writing one day at once (2 and 8), files wrong | {found.writers}, {found.wrong_files} |",
        f"| single bits flipped in zip, parquet, manifest / noticed before use | {flips} / {noticed} |",
        f"| of these shown to `phoenix doctor` / named by it | {found.flips['for the doctor']} / {found.flips['named by the doctor']} |",
        f"| garbage inputs / errors that are not ours | {inputs:,} / {untyped} |",
        f"| inputs of a coverage-guided fuzzer / errors that are not ours | {sum(one.inputs for one in found.guided.values()):,} / {sum(bool(one.found) for one in found.guided.values())} |",
        f"| distinct digests of one backtest over hash seeds, time zones and processes | {found.digests} of {found.processes} runs |",
        "",
        "## Kills by stage",
        "",
        "| stage | named | random | effective | broken | effective kills by point |",
        "|---|---|---|---|---|---|",
    ]
    for one in found.killed:
        points = ", ".join(f"{name}: {count}" for name, count in one.points.most_common())
        lines.append(f"| {one.stage} | {one.named} | {one.random} | {one.effective} | {one.failures} | {points} |")
    lines += ["", *table_of_commands(found.commands)]
    lines += ["", "## Garbage by target", "", "| target | inputs | became |", "|---|---|---|"]
    for name, counts in found.garbage.items():
        became = ", ".join(f"{outcome}: {count:,}" for outcome, count in counts.most_common())
        lines.append(f"| {name} | {sum(counts.values()):,} | {became} |")
    lines += [
        "",
        "## Garbage steered by coverage (libFuzzer)",
        "",
        "| target | inputs | branches reached |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {one.inputs:,} | {one.branches} |" for name, one in found.guided.items()]
    lines += ["", "## Faults one by one", "", "| # | fault | shown by, or why not |", "|---|---|---|"]
    lines += [f"| {fault.number} | {fault.what} | {fault.shown} |" for fault in FAULTS]
    return "\n".join(lines) + "\n"


def table_of_commands(found: list[commands.Killed]) -> list[str]:
    """What users type, killed: a section of the page."""
    lines = [
        "## Commands killed twice, then run to the end",
        "",
        "Three small days in a new home each round. A kill is effective if it struck after something new was published and",
        "before all of it was. Then the same command must end by itself, and every published byte be that of an undisturbed run.",
        "",
        "| command | rounds | kills | effective | last run did not end well | other bytes |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    return lines + [
        f"| `{one.command}` | {one.rounds} | {one.kills} | {one.effective} | {one.unended} | {one.different} |"
        for one in found
    ]


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    size = LONG if chosen.long else SHORT
    found = measure(size, chosen.seed)
    PAGE.write_text(page(found, size, chosen.seed), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    if found.broken:
        raise SystemExit(f"{found.broken} promises broken")


if __name__ == "__main__":
    main()
