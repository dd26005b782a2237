"""The interval of a result whose market is known by its trades alone: the worst and the best that they leave open."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Self

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Calibration:
    """How often the hull missed on a day that has quotes: shares of samples every 50 ms.

    Attributes:
        day: Which day, YYYY-MM-DD.
        samples: How many.
        bid: Share in which the true best bid lay outside.
        ask: Likewise the ask.
        either: Likewise one of them.
    """

    day: str
    samples: int
    bid: float
    ask: float
    either: float


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds of net, in quote units, outwards to the cent; without them, why there are none.

    Attributes:
        low: Net at worst; None: no bound.
        high: Net at best; None: no bound.
        why_none: Why there is no bound; empty where there is one.
        margin_ms: By which the hull reaches further than the next prints.
        decisions: How many orders could be judged, and how many of what the exchange made of them stayed open.
        calibration: How often the hull missed on days with quotes: the range's own, else the last ones before it.
    """

    low: Decimal | None = None
    high: Decimal | None = None
    why_none: str = ""
    margin_ms: int = 0
    decisions: Mapping[str, int] = field(default_factory=dict)
    calibration: tuple[Calibration, ...] = ()

    @classmethod
    def outwards(cls, low: float, high: float, decisions: Mapping[str, int]) -> Self:
        """The least interval of whole cents around two floats.

        >>> Interval.outwards(-1.001, 2.0, {}).low
        Decimal('-1.01')
        """
        return cls(
            Decimal(repr(low)).quantize(_CENT, ROUND_FLOOR),
            Decimal(repr(high)).quantize(_CENT, ROUND_CEILING),
            decisions=decisions,
        )

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` wrote."""
        chosen = dict(document)
        chosen.pop("excludes_zero")
        chosen["calibration"] = tuple(Calibration(**one) for one in chosen["calibration"])
        ends = {name: None if chosen[name] is None else Decimal(chosen[name]) for name in ("low", "high")}
        return cls(**chosen | ends)

    def document(self) -> dict[str, Any]:
        """The interval as plain values, exact; `parse` reads them."""
        ends = {name: None if value is None else str(value) for name, value in (("low", self.low), ("high", self.high))}
        return asdict(self) | ends | {"excludes_zero": self.excludes_zero}

    def around(self, net: Decimal) -> Self:
        """The interval widened to a figure: implied quotes may lie outside the hull by a tick, and a result inside."""
        if self.low is None or self.high is None:
            return self
        low, high = min(self.low, net), max(self.high, net)
        return replace(self, low=low.quantize(_CENT, ROUND_FLOOR), high=high.quantize(_CENT, ROUND_CEILING))

    @property
    def excludes_zero(self) -> bool:
        """Whether the sign of net is certain."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def text(self) -> str:
        """The interval as people write it; unbounded where there is none.

        >>> Interval(Decimal("-1.5"), Decimal(2000)).text()
        '[-1.50, +2,000.00]'
        """
        return "unbounded" if self.low is None or self.high is None else f"[{self.low:+,.2f}, {self.high:+,.2f}]"

    def told(self, currency: str) -> str:
        """What the quotes that are missing leave open of net, in a sentence."""
        if self.why_none:
            return f"quotes are missing, and net is unbounded: {self.why_none}"
        sign = "excludes zero" if self.excludes_zero else "does not exclude zero"
        return f"quotes are missing: from trades alone, net lies in {self.text()} {currency}, which {sign}"

    def calibrated(self) -> str:
        """How far the hull behind the interval can be trusted, in a sentence.

        >>> Interval().calibrated()
        'the hull of trades is not calibrated: no day with quotes is known'
        """
        if not self.calibration:
            return "the hull of trades is not calibrated: no day with quotes is known"
        days, samples = self.calibration, sum(one.samples for one in self.calibration)
        missed = sum(one.either * one.samples for one in days) / samples
        span = days[0].day if len(days) == 1 else f"{days[0].day} to {days[-1].day} ({len(days)} days)"
        return f"the hull of trades missed a true quote in {missed:.3%} of {samples:,} samples of {span}"
