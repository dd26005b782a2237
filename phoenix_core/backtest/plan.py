"""Which days of an experiment can be replayed, and under which terms: the same for every replay."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.inputs import DayInputs, InputReader
from phoenix_core.backtest.venue import as_traded, feed_latency_ns, order_latency_ns
from phoenix_core.catalog.store import catalog_asset
from phoenix_core.datasets import BOOK_TICKER
from phoenix_core.errors import InputMissing
from phoenix_core.instruments.brackets import brackets_on
from phoenix_core.instruments.specification import Specification
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing, days_between
from phoenix_core.products import INSTRUMENT
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.contract import Feed

_SPARE_NS = 2_000_000  # an arrival is put between milliseconds


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be replayed.

    Attributes:
        experiment: Of which.
        reader: Of its inputs.
        days: Those that can be replayed, in order; at least one.
        missing: Those that can't, and why.
        is_implied: Quotes are implied from trades.
        specification: The instrument's constants under the venue's settings.
    """

    experiment: Experiment
    reader: InputReader
    days: Sequence[date]
    missing: dict[date, str]
    is_implied: bool
    specification: Specification

    @property
    def closing_ns(self) -> int:
        """What an order needs to arrive, and a little more."""
        return order_latency_ns(self.experiment.venue) + _SPARE_NS

    def ends_session(self, day: date) -> bool:
        """Whether everything is closed at the end of a day: the next is not replayed."""
        return day + timedelta(1) not in self.days

    def priced(self, day: DayInputs) -> DayInputs:
        """A day as the venue's settings see it: its funding and margins, and signals that are known later."""
        late = feed_latency_ns(self.experiment.venue)
        signals = day.signals
        if late:
            signals = signals.with_columns(pl.col("ts_init") + late).filter(pl.col("ts_init") <= day.end_ns)
        venue = self.experiment.venue
        return replace(
            day,
            signals=signals,
            funding=day.funding if venue.funding else (),
            brackets=day.brackets if venue.maintenance_margin is None else None,
            largest=day.brackets.largest(venue.leverage) if day.brackets else None,
        )


def plans_of(lake: Lake, experiments: Sequence[Experiment], feeds: frozenset[Feed]) -> list[Plan]:
    """Plans of experiments over one listing and range; what they have in common is looked up once.

    Raises:
        InputMissing: Not one day of the range can be replayed.
    """
    known: dict[Hashable, Plan] = {}
    plans = []
    for one in experiments:
        key = one.signals, one.venue.imply_quotes, one.venue.feed_latency_ms
        if (plan := known.get(key)) is None:
            plan = known[key] = plan_of(lake, one, feeds)
        plans.append(replace(plan, experiment=one, specification=_specification(lake, one, plan.days)))
    return plans


def plan_of(lake: Lake, experiment: Experiment, feeds: frozenset[Feed]) -> Plan:
    """Find what can be replayed.

    Args:
        lake: The data folder.
        experiment: What to run.
        feeds: What its strategy gets besides ticks and signals.

    Raises:
        InputMissing: Not one day of the range can be replayed.
    """
    listing = Listing.parse(experiment.listing)
    reader = InputReader(lake, listing, experiment.signals, feeds, feed_latency_ns(experiment.venue))
    wanted = days_between(experiment.first, experiment.last)
    missing = {day: why for day in wanted if (why := reader.why_missing(day)) is not None}
    days = [day for day in wanted if day not in missing]
    if not days:
        first, why = next(iter(missing.items()))
        raise InputMissing(
            f"No day of {experiment.first}...{experiment.last} can be replayed for {listing}: {first}: {why}. "
            "Materialize the signals of the range first."
        )
    implied = experiment.venue.imply_quotes or any(not _has_quotes(lake, listing, day) for day in days)
    return Plan(experiment, reader, days, missing, implied, _specification(lake, experiment, days))


def _has_quotes(lake: Lake, listing: Listing, day: date) -> bool:
    entry = Manifest(lake).find(catalog_asset(BOOK_TICKER, listing), day)
    return entry is not None and entry.published


def _specification(lake: Lake, experiment: Experiment, days: Sequence[date]) -> Specification:
    listing, day = Listing.parse(experiment.listing), days[0]
    spec = specification(listing, day)
    entry = Manifest(lake).find(INSTRUMENT.asset(listing), day)
    if spec.inferred and entry is not None:
        spec = replace(spec, tick=Decimal(entry.facts["tick"]), step=Decimal(entry.facts["step"]))
    known = {brackets for one in days if (brackets := brackets_on(listing, one)) is not None}
    # On all days: a strategy that goes by it is never refused.
    largest = min((brackets.largest(experiment.venue.leverage) for brackets in known), default=None)
    return replace(as_traded(spec, experiment.venue), largest_position=largest)
