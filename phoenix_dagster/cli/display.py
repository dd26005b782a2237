"""How `phoenix run` looks on a terminal: a line for each stage, what is under way, and the time left.

Where stderr is no terminal nothing is drawn, and lines alone are printed.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from phoenix_dagster.cli.output import duration
from phoenix_dagster.operation.tally import Stage, Tally

_BAR = 24


class Display:
    """Lines that stay, and below them, on a terminal, what is renewed in place.

    Attributes:
        console: Where it is shown.
        live: What is renewed; None where stderr is no terminal.
    """

    def __init__(self, console: Console, live: Live | None = None) -> None:
        self.console = console
        self._live = live

    def say(self, line: str) -> None:
        """Print a line that stays; nobody misses it where the terminal was closed."""
        with suppress(OSError):
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def end(self) -> None:
        """Take away what is renewed: from now on only lines are printed."""
        with suppress(OSError):
            if self._live is not None:
                self._live.stop()


@contextmanager
def display(tally: Tally) -> Iterator[Display]:
    """Show a tally on stderr until the end."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield Display(Console(stderr=True))
        return
    # Dagster leads what a run prints into the run's log; what is drawn is none of it.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding, errors="backslashreplace") as own:
        console = Console(file=own)
        with Live(
            get_renderable=lambda: drawn(tally, time.monotonic()),
            console=console,
            transient=True,
            redirect_stdout=False,
        ) as live:
            yield Display(console, live)


def drawn(tally: Tally, now: float) -> RenderableType:
    """Stages, then what is under way."""
    grid = Table.grid(padding=(0, 2))
    for _ in range(2):
        grid.add_column()
    for _ in range(4):
        grid.add_column(justify="right", no_wrap=True)
    for name, stage in tally.stages.items():
        bar = ProgressBar(stage.assets * stage.days, stage.ended, width=_BAR)
        grid.add_row(name, bar, *_figures(stage))
    return Group(grid, Text(status(tally, now), no_wrap=True, overflow="ellipsis"))


def _figures(stage: Stage) -> tuple[str, str, str, str]:
    days = f"{stage.ended // stage.assets}/{stage.days} days"
    rows = f"{stage.rows:,} rows" if stage.rows else ""
    rate = f"{stage.rows / stage.seconds:,.0f} rows/s" if stage.rows and stage.seconds else ""
    rest = {"kept": stage.kept, "failed": stage.failed}
    return days, rows, rate, ", ".join(f"{count} {name}" for name, count in rest.items() if count)


def status(tally: Tally, now: float) -> str:
    """What is under way, and how long all of it still takes, on one line."""
    left = tally.seconds_left(now)
    parts = [f"about {duration(left)} left"] if left is not None else []
    if tally.now is not None:
        day, asset, since = tally.now
        parts.insert(0, f"now {day or 'all days'} {asset.rsplit('/', 1)[-1]}, {duration(now - since)}")
    if tally.note:
        parts.append(tally.note)
    return "; ".join(parts)


def span(days: tuple[date, ...]) -> str:
    """First to last day, for people."""
    return f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}, {len(days)} days"
