"""One experiment under every mix of latency and queue model, since one number misleads: the interval of net over all.

Nobody knows the delay of orders that were never sent, nor how fast a queue emptied that nobody saw. So an experiment
runs with each latency and each queue model, its own among them, and what net came to lies between the least and the
most of these runs. Where quotes are missing each run has an interval itself, which leaves the queue open already: there
only the latency differs, and the envelope is that of the intervals. It is kept beside the result that it is of.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Self

from phoenix_core.backtest.experiment import Experiment, VenueParameters
from phoenix_core.backtest.publish import identity, span_of
from phoenix_core.backtest.recipe import backtest_recipe
from phoenix_core.backtest.result import Result
from phoenix_core.backtest.run import run
from phoenix_core.errors import InputMissing
from phoenix_core.execution.rule import QueueDepletion
from phoenix_core.storage.digests import canonical_json, digest_of
from phoenix_core.storage.lake import Lake

FILE = "envelope.json"
LATENCIES_MS = (1.0, 250.0)  # besides the experiment's own
IGNORED, ANY = "ignored", "any"
_REMEDY = "Materialize the backtest again, then ask for its envelope."


@dataclass(frozen=True, slots=True)
class Case:
    """One run.

    Attributes:
        latency_ms: Of its orders.
        queue: How cancellations move the queue; `ignored`: nobody stands ahead; `any`: the interval leaves it open.
        is_own: Latency and queue are the experiment's own.
        fills: Number of fills.
        maker_share: Share of them that were makers.
        net: After fees and funding.
        low: Least net that it can have been; None: no bound is known.
        high: Most, likewise.
        identity: Of that run.
    """

    latency_ms: float
    queue: str
    is_own: bool
    fills: int
    maker_share: float
    net: str
    low: str | None
    high: str | None
    identity: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """All runs of an experiment, its own first."""

    cases: tuple[Case, ...]

    @property
    def low(self) -> Decimal | None:
        """Least net of all; None where one has no bound."""
        lows = [Decimal(one.low) for one in self.cases if one.low is not None]
        return min(lows) if len(lows) == len(self.cases) else None

    @property
    def high(self) -> Decimal | None:
        """Most, likewise."""
        highs = [Decimal(one.high) for one in self.cases if one.high is not None]
        return max(highs) if len(highs) == len(self.cases) else None

    @property
    def excludes_zero(self) -> bool:
        """Whether net has one sign in all of them."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def told(self, currency: str) -> str:
        """The interval, over what, and whether it excludes zero."""
        latencies = sorted({one.latency_ms for one in self.cases})
        queues = list(dict.fromkeys(one.queue for one in self.cases))
        over = f"latencies of {', '.join(f'{one:g}' for one in latencies)} ms and queue models {', '.join(queues)}"
        if self.low is None or self.high is None:
            return f"over {over}, net is unbounded"
        sign = "excludes zero" if self.excludes_zero else "does not exclude zero"
        return f"over {over}, net lies in [{self.low:+,.2f}, {self.high:+,.2f}] {currency}, which {sign}"

    def document(self, of: str) -> dict[str, Any]:
        """As plain values.

        Args:
            of: Identity of the result.
        """
        cases = [asdict(one) for one in self.cases]
        ends = {name: None if end is None else str(end) for name, end in (("low", self.low), ("high", self.high))}
        return {"of": of, "cases": cases, **ends, "excludes_zero": self.excludes_zero, "digest": digest_of([of, cases])}

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` wrote.

        Raises:
            ValueError: It is not what was written.
        """
        if document["digest"] != digest_of([document["of"], document["cases"]]):
            raise ValueError("its digest is another")
        return cls(tuple(Case(**one) for one in document["cases"]))


def envelope(lake: Lake, experiment: Experiment, inputs: Mapping[str, str] | None = None) -> Envelope:
    """Run an experiment with each latency and each queue model, its own first.

    Args:
        lake: The data folder.
        experiment: What to run.
        inputs: Data versions of its result; None: whatever is there.

    Raises:
        InputMissing: Data are no longer those that the result was made with.
        PhoenixError: What `run` raises.
    """
    cases: list[Case] = []
    is_open = False
    for venue in _venues(experiment.venue):
        if is_open and _queue(venue) != _queue(experiment.venue):
            continue  # its interval leaves the queue open
        result = run(lake, experiment.model_copy(update={"venue": venue}))
        if inputs is not None and result.versions != inputs:
            raise InputMissing(f"The result was made from other data than are here now. {_REMEDY}")
        is_open = result.interval is not None
        cases.append(_case(result, is_own=not cases))
    return Envelope(tuple(cases))


def envelope_of(lake: Lake, document: Mapping[str, Any]) -> Envelope:
    """The envelope of a result, by its `experiment.json`.

    Raises:
        InputMissing: Code or data are no longer those that the result was made with.
        PhoenixError: What `run` raises.
    """
    experiment = Experiment.parse(**document["experiment"])
    if backtest_recipe(experiment) != document.get("recipe"):
        raise InputMissing(f"The result was made by other code or settings than are here. {_REMEDY}")
    return envelope(lake, experiment, document["inputs"])


def publish_envelope(lake: Lake, document: Mapping[str, Any], found: Envelope) -> str:
    """Write an envelope beside the result that it is of; give its file below the data folder."""
    experiment = Experiment.parse(**document["experiment"])
    relative = f"backtests/{experiment.name}/{span_of(experiment)}/{FILE}"
    lake.write(relative, canonical_json(found.document(document["identity"])))
    return relative


def _venues(own: VenueParameters) -> Iterator[VenueParameters]:
    """The experiment's own venue, then every other mix."""
    yield own
    for latency in dict.fromkeys((own.order_latency_ms, *LATENCIES_MS)):
        for queue in (IGNORED, *QueueDepletion):
            changes: dict[str, Any] = {"order_latency_ms": latency, "queue_position": queue != IGNORED}
            changes |= {"queue_depletion": queue} if queue != IGNORED else {}
            venue = own.model_copy(update=changes)
            if (venue.order_latency_ms, _queue(venue)) != (own.order_latency_ms, _queue(own)):
                yield venue


def _queue(venue: VenueParameters) -> str:
    return str(venue.queue_depletion) if venue.queue_position else IGNORED


def _case(result: Result, *, is_own: bool) -> Case:
    venue, interval, net = result.experiment.venue, result.interval, str(result.ledger.parts.net)
    makers = (result.fills["liquidity"] == "MAKER").mean() if result.fills.height else 0.0
    low, high = (interval.low, interval.high) if interval else (net, net)
    return Case(
        latency_ms=venue.order_latency_ms,
        queue=ANY if interval else _queue(venue),
        is_own=is_own,
        fills=result.fills.height,
        maker_share=float(makers or 0.0),  # type: ignore[arg-type]
        net=net,
        low=None if low is None else str(low),
        high=None if high is None else str(high),
        identity=identity(result),
    )
