"""From which day on, and until which, something is published."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Availability:
    """First and last day of publication, both inclusive; None where it isn't known or goes on."""

    first: date | None = None
    last: date | None = None

    def excludes(self, day: date) -> str | None:
        """Say why a day lies outside, or None if it may be published."""
        if self.first is not None and day < self.first:
            return f"began {self.first}"
        if self.last is not None and day > self.last:
            return f"ended {self.last}"
        return None

    def within(self, other: "Availability") -> "Availability":
        """Days that lie within both.

        >>> Availability(first=date(2024, 1, 1)).within(Availability(last=date(2024, 9, 27))).last
        datetime.date(2024, 9, 27)
        """
        firsts = [one for one in (self.first, other.first) if one is not None]
        lasts = [one for one in (self.last, other.last) if one is not None]
        return Availability(max(firsts, default=None), min(lasts, default=None))
