"""How far `phoenix run` is: stages by days, rows a second, time left. Counts alone; what is drawn stands in the CLI."""

import time
from collections import deque
from dataclasses import dataclass, field

from phoenix_dagster.operation.run import SPANNING, Outcome, Part, Plan, RunDone, Watcher

_RECENT = 5


@dataclass(slots=True)
class Stage:
    """One stage over all days.

    Attributes:
        assets: How many each day has.
        days: Days asked for.
        ended: Assets of days that have ended.
        kept: Of these, there before.
        failed: Of these, failed or not reached.
        rows: Rows of what was made; what was kept is not work.
        seconds: What that took.
    """

    assets: int
    days: int
    ended: int = 0
    kept: int = 0
    failed: int = 0
    rows: int = 0
    seconds: float = 0.0

    def count(self, part: Part) -> None:
        """Add an asset that has ended."""
        self.ended += 1
        self.kept += part.outcome is Outcome.KEPT
        self.failed += part.outcome in {Outcome.FAILED, Outcome.NOT_REACHED}
        if part.outcome is Outcome.MADE:
            self.rows += part.rows
            self.seconds += part.seconds


@dataclass(slots=True)
class Tally(Watcher):
    """Watches a run and counts."""

    stages: dict[str, Stage]
    stage_of: dict[str, str]
    runs: int
    now: tuple[str, str, float] | None = None
    note: str = ""
    _ended: int = 0
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _since: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, plan: Plan) -> "Tally":
        """All of a plan, before it begins."""
        stage_of = {key.to_user_string(): stage for key, stage in plan.daily.items()}
        stage_of |= {key.to_user_string(): SPANNING for key in plan.spanning}
        names = list(stage_of.values())
        stages = {
            name: Stage(names.count(name), 1 if name == SPANNING else len(plan.days)) for name in dict.fromkeys(names)
        }
        return cls(stages, stage_of, len(plan.days) * bool(plan.daily) + bool(plan.spanning))

    def began(self, day: str, asset: str) -> None:
        """An asset is worked on."""
        self.now, self.note = (day, asset, time.monotonic()), ""

    def said(self, line: str) -> None:
        """Why nothing moves just now."""
        self.note = line

    def ended(self, day: str, part: Part) -> None:
        """An asset has ended."""
        del day
        self.now, self.note = None, ""
        self.stages[self.stage_of[part.asset]].count(part)

    def run_ended(self, done: RunDone) -> None:
        """A day has ended."""
        self._ended += 1
        self._recent.append(done.seconds)
        self._since = time.monotonic()

    def seconds_left(self, now: float) -> float | None:
        """By the last few days, so that days that are only looked at do not promise too much; None before the first.

        Args:
            now: Monotonic seconds.
        """
        if not self._recent or self._ended == self.runs:
            return None
        each = sum(self._recent) / len(self._recent)
        return max(each * (self.runs - self._ended) - (now - self._since), 0.0)
