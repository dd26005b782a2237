"""Every benchmark in a short form, one after another, and one table of ratios: a regression is seen in five minutes.

    python benchmarks/all.py
    python benchmarks/all.py replay witness

Figures of short forms are rougher than those of results.md, and days this small weigh fixed costs more, so bounds are
wide: what crosses one has changed by its nature. Ratios compare CPU seconds of one machine with each other, and hold on
any. Ends with 1 if a figure is beyond its bound or a benchmark failed.

`bench_year.py` is not among them: its shortest form takes a quarter of an hour. Nor is `bench_workers.py`, which needs
RabbitMQ and PostgreSQL.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import eq, ge, le
from pathlib import Path

FOLDER = Path(__file__).parent
LEFT_OUT = {"bench_year.py", "bench_workers.py"}
RELATIONS = {"≥": ge, "≤": le, "=": eq}


@dataclass(frozen=True)
class Bound:
    """What a figure has to be.

    Attributes:
        relation: One of `RELATIONS`.
        value: At worst.
    """

    relation: str
    value: float

    def holds(self, figure: float) -> bool:
        """Whether a figure keeps it."""
        return RELATIONS[self.relation](figure, self.value)

    def __str__(self) -> str:
        return f"{self.relation} {self.value:g}"


@dataclass(frozen=True)
class Form:
    """A benchmark's short form.

    Attributes:
        name: What the table calls it.
        command: Script and arguments.
        bounds: Of the figures that it ends with, by name.
    """

    name: str
    command: str
    bounds: Mapping[str, Bound]


FORMS = (
    Form(
        "quotes",
        "bench_ingest.py --rows 500000 --rounds 1 --sample 100000",
        {"vs_seed": Bound("≥", 10), "vs_nautilus": Bound("≥", 5), "vs_floor": Bound("≤", 2.2)},
    ),
    Form(
        "trades",
        "bench_ingest.py --dataset agg_trades --rows 120000 --rounds 1 --sample 50000",
        {"vs_seed": Bound("≥", 9), "vs_nautilus": Bound("≥", 6), "vs_floor": Bound("≤", 2.5)},
    ),
    Form("path", "bench_path.py --trades 60000 --rounds 1", {"assets_vs_floor": Bound("≤", 14)}),
    Form(
        "encodings",
        "bench_encodings.py --trades 50000 --rounds 1",
        {"bytes_vs_defaults": Bound("≤", 0.6), "write_vs_defaults": Bound("≤", 0.9), "read_vs_defaults": Bound("≤", 1)},
    ),
    Form(
        "downloads",
        "bench_download.py --days 40 --megabytes 100 --rounds 1",
        {"ours_vs_curl": Bound("≥", 0.6), "in_flight_most": Bound("≤", 12)},
    ),
    Form(
        "bucket",
        "bench_bucket.py --rows 200000 --rounds 3",
        {"cpu_ratio": Bound("≤", 1.3), "bucket_current_ms": Bound("≤", 60)},
    ),
    Form(
        "signals",
        "bench_signals.py --trades 200000 --rounds 1",
        {"vs_ticks": Bound("≥", 3), "signals_equal": Bound("=", 1)},
    ),
    Form(
        "replay",
        "bench_replay.py --days 1 --trades 40000 --curve",
        {"full_vs_idle_engine": Bound("≤", 1.6), "signals_vs_full": Bound("≥", 8), "fills_equal": Bound("=", 1)},
    ),
    Form(
        "portfolio",
        "bench_portfolio.py --symbols 2 --days 1 --trades 20000",
        {"vs_each_alone": Bound("≤", 1.5), "signals_vs_full": Bound("≥", 2), "equal": Bound("=", 1)},
    ),
    Form("sweep", "bench_sweep.py", {"times_faster": Bound("≥", 6), "equal": Bound("=", 1)}),
    Form(
        "fills",
        "bench_fills.py --balances 1e7",
        {"bought_vs_engine": Bound("≤", 0.4), "bought_vs_strict_maker": Bound("=", 1)},
    ),
    Form(
        "witness",
        "bench_witness.py --seeds 7",
        {"theirs_vs_crossing": Bound("=", 1), "unexplained": Bound("=", 0)},
    ),
    Form("intervals", "bench_intervals.py --experiments 25 --days 1", {"outside": Bound("=", 0)}),
    Form("ties", "bench_ties.py", {"arrivals": Bound("≥", 50_000)}),
    Form(
        "symbols",
        "bench_symbols.py --symbols 20 --each 10",
        {"whole_vs_location": Bound("≤", 4), "second_answer_s": Bound("≤", 2)},
    ),
    Form("backfill", "bench_backfill.py --days 3", {"ended": Bound("=", 0), "cpu_seconds_a_run": Bound("≤", 15)}),
    Form(
        "report",
        "bench_report.py --days 60 --times 1",
        {"long_made_s": Bound("≤", 3), "shown_long_vs_day": Bound("≤", 2.5)},
    ),
    Form(
        "claims",
        "bench_claims.py --seeds 1 --first-seed 2",
        {"found_share": Bound("=", 1), "silent_share": Bound("=", 1)},
    ),
    Form(
        "inventory",
        "bench_inventory.py --symbols 10 --rounds 1",
        {"heap_cpu_s": Bound("≤", 2), "all_found": Bound("=", 1)},
    ),
    Form("scale", "bench_scale.py", {"requests": Bound("≤", 10), "speedup_64_workers": Bound("≥", 4)}),
    Form("sweep page", "bench_sweep_page.py --times 1", {"sweep_thread_seconds": Bound("≤", 3)}),
)


def rows_of(form: Form) -> list[tuple[str, str, str, bool]]:
    """Run a form: (figure, now, bound, whether it holds)."""
    script, *arguments = form.command.split()
    done = subprocess.run(
        [sys.executable, str(FOLDER / script), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return [("it failed", *(done.stderr.strip().splitlines()[-1:] or [""]), "", False)]
    figures = json.loads(done.stdout.splitlines()[-1])
    return [
        (name, f"{float(figures[name]):.3g}", str(bound), bound.holds(figures[name]))
        for name, bound in form.bounds.items()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was chosen and print the table; 1 if something is beyond its bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*(form.name for form in FORMS), []], help="default: all of them")
    chosen = parser.parse_args(arguments).names
    beyond = 0
    print(f"{'benchmark':<12}{'figure':<26}{'now':>10}  {'expected':<10}")
    for form in FORMS:
        if chosen and form.name not in chosen:
            continue
        started = time.perf_counter()
        for name, now, bound, holds in rows_of(form):
            beyond += not holds
            print(f"{form.name:<12}{name:<26}{now:>10}  {bound:<10}{'' if holds else 'BEYOND'}", flush=True)
        print(f"{'':<12}{time.perf_counter() - started:.0f} s: {form.command}", flush=True)
    print("all within their bounds" if not beyond else f"{beyond} beyond their bounds")
    return int(beyond > 0)


if __name__ == "__main__":
    sys.exit(main())
