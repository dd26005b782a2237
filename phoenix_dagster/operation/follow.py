"""`phoenix backfill` while it waits: what runs now, how fast, how long still; and at the end what became of it.

On a terminal one line is renewed in place; elsewhere a line is printed for each day that ends. Following
changes nothing: the backfills are the daemon's, and go on without us.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from phoenix_core.errors import ConfigInvalid, SourceUnreachable
from phoenix_dagster.operation.backfill import Counts, Outcome, RunningDagster, State

_POLL_SECONDS = 2.0
_PATIENCE_SECONDS = 300.0

Say = Callable[[str], None]


@dataclass(slots=True)
class Progress:
    """What several backfills look like together, and since when we look.

    Attributes:
        unit: What a partition is.
        began: Monotonic seconds at the first look.
        before: Days of assets that had ended at the first look: no part of the rate.
    """

    unit: str = "days"
    began: float = 0.0
    before: int = -1
    states: dict[str, State] = field(default_factory=dict)

    def see(self, states: dict[str, State], now: float) -> None:
        """Take in how the backfills are now."""
        self.states = states
        if self.before < 0 and self.assets:
            self.began, self.before = now, self.ended

    @property
    def assets(self) -> dict[str, Counts]:
        """Days by asset, over all backfills."""
        together: dict[str, Counts] = {}
        for state in self.states.values():
            for asset, one in state.assets.items():
                had = together.get(asset, Counts(0, 0, 0))
                together[asset] = Counts(had.targeted + one.targeted, had.done + one.done, had.failed + one.failed)
        return together

    @property
    def ended(self) -> int:
        """Days of assets that are done or failed: each asset's day counts by itself."""
        return sum(one.done + one.failed for one in self.assets.values())

    def line(self, now: float) -> str:
        """All of it on one line: whole days, days of assets, rate and time left, and what runs."""
        assets = self.assets
        if not assets:
            return "Dagster plans it"
        targeted = sum(one.targeted for one in assets.values())
        # An asset ends a day after the assets that it needs, so the slowest says how many days are whole.
        days = min(one.done + one.failed for one in assets.values())
        of_days = max(one.targeted for one in assets.values())
        failed = sum(one.failed for one in assets.values())
        parts = [f"{days} of {of_days} {self.unit}", f"{self.ended} of {targeted} {self.unit} of {len(assets)} assets"]
        parts += [f"{failed} failed"] * bool(failed)
        made, seconds = self.ended - self.before, now - self.began
        if self.ended == targeted:
            return ", ".join(parts)
        if made and seconds:
            rate = made / seconds
            parts += [f"{rate * 60:.0f} a minute", f"about {_duration((targeted - self.ended) / rate)} left"]
        return ", ".join(parts) + f"; {self._running()}"

    def _running(self) -> str:
        running = {day: names for state in self.states.values() for day, names in state.running.items()}
        if not running:
            return "waits for a free run"
        return "now " + "; ".join(
            f"{day} {', '.join(name.rsplit('/', 1)[-1] for name in names) or 'between assets'}"
            for day, names in sorted(running.items())
        )


def _duration(seconds: float) -> str:
    """A time for people.

    >>> _duration(50), _duration(200), _duration(9000)
    ('50 s', '3 min', '2.5 h')
    """
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004 - an hour


def follow(dagster: RunningDagster, backfills: Sequence[str], say: Say, unit: str = "days") -> dict[str, State]:
    """Show progress until all backfills have ended, and give how they ended.

    Raises:
        ConfigInvalid: Dagster has not answered for five minutes.
        SourceUnreachable: It answers, but has not known of them for as long.
    """
    progress, shown = Progress(unit), -1
    for one in backfills:
        dagster.state(one)  # a wrong id or address says so now; patience is for a Dagster that was there
    with _display() as renew:
        while True:
            states = {one: _patiently(partial(dagster.state, one), say) for one in backfills}
            progress.see(states, time.monotonic())
            line = progress.line(time.monotonic())
            if renew is not None:
                renew(line)
            elif progress.ended != shown:
                say(line)
                shown = progress.ended
            if all(state.has_ended for state in states.values()):
                return states
            time.sleep(_POLL_SECONDS)


@contextmanager
def _display() -> Iterator[Say | None]:
    """What renews the line on a terminal; None where there is none, and lines are printed."""
    from rich.console import Console  # noqa: PLC0415 - for terminals alone

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield None
        return
    with console.status("") as status:
        yield lambda line: status.update(line.replace("[", r"\["))


def _patiently(ask: Callable[[], State], say: Say) -> State:
    """Ask again while Dagster restarts: the backfill is the daemon's and goes on without us."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    told = False
    while True:
        try:
            return ask()
        except (ConfigInvalid, SourceUnreachable) as error:
            if time.monotonic() > deadline:
                raise
            if not told:
                say(f"waiting: {error}")
                told = True
            time.sleep(_POLL_SECONDS)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the last table: a day or an asset, and how many of its parts ended how."""

    name: str
    done: int
    failed: int
    not_reached: int


def rows_of(outcome: Outcome, *, by_asset: bool) -> list[Row]:
    """The outcome by day, or by asset where days are many."""
    part = 0 if by_asset else 1
    names = sorted({target[part] for target in outcome.targeted})
    rows = []
    for name in names:
        mine = {target for target in outcome.targeted if target[part] == name}
        done, failed = len(mine & outcome.done), len(mine & outcome.failed.keys())
        rows.append(Row(name, done, failed, len(mine) - done - failed))
    return rows
