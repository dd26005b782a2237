"""How far quotes implied from trades can be trusted: measured where the true ones are published too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from nautilus_trader.model.data import QuoteTick, TradeTick

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.implied_quotes import ImpliedQuotes
from phoenix_core.backtest.inputs import InputReader
from phoenix_core.backtest.result import Result
from phoenix_core.backtest.run import run
from phoenix_core.catalog.instruments import instrument
from phoenix_core.catalog.quality import frames
from phoenix_core.catalog.store import catalog_asset
from phoenix_core.datasets import BOOK_TICKER
from phoenix_core.errors import InputMissing
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.storage.lake import Lake


@dataclass(frozen=True, slots=True)
class Agreement:
    """Implied against true quotes, looked at a millisecond after each trade that implied some.

    Attributes:
        compared: Trades after which both were known.
        bid_equal: Share of equal bids.
        ask_equal: Share of equal asks.
        both_within_tick: Share where neither side is more than a tick off.
        mean_ticks_off: Mean distance of the mids, in ticks.
    """

    compared: int
    bid_equal: float
    ask_equal: float
    both_within_tick: float
    mean_ticks_off: float


def agreement(lake: Lake, experiment: Experiment, day: date) -> Agreement:
    """Compare implied and true quotes of a day.

    Raises:
        InputMissing: The day has no true quotes, or no trades on both sides.
    """
    listing = Listing.parse(experiment.listing)
    inputs = InputReader(lake, listing, experiment.signals).day(day)
    entry = Manifest(lake).find(catalog_asset(BOOK_TICKER, listing), day)
    if inputs.quotes is None or entry is None:
        raise InputMissing(f"{listing} has no quote_ticks on {day}: expected a day that has book_ticker.")
    tick = instrument(specification(listing, day)).price_increment
    implied = ImpliedQuotes(tick)
    ours = pl.concat(_frame(implied.between(chunk)) for chunk in inputs.trades.stream())
    true = pl.concat(
        # Numbers of 8 bytes and no objects: a day of 39 M quotes is under a gigabyte.
        frame.select(
            pl.col("ts_init").cast(pl.Int64).alias("ts"),
            pl.col("bid_price").cast(pl.Float64).alias("bid"),
            pl.col("ask_price").cast(pl.Float64).alias("ask"),
        )
        for frame in frames(lake, entry, ("ts_init", "bid_price", "ask_price"))
    )
    # The true quote that follows a trade carries the trade's own millisecond or the next.
    later = ours.with_columns(pl.col("ts") + 1_000_000)
    both = later.join_asof(true.set_sorted("ts"), on="ts").drop_nulls()
    if not both.height:
        raise InputMissing(f"{listing} on {day}: no trade has both an implied and a true quote.")
    size = float(tick.as_decimal())
    off = {side: ((pl.col(side) - pl.col(f"{side}_right")).abs() / size).round(6) for side in ("bid", "ask")}
    mid = ((pl.col("bid") + pl.col("ask") - pl.col("bid_right") - pl.col("ask_right")) / 2 / size).abs()
    shares = both.select(
        (off["bid"] == 0).mean().alias("bid"),
        (off["ask"] == 0).mean().alias("ask"),
        ((off["bid"] <= 1) & (off["ask"] <= 1)).mean().alias("near"),
        mid.mean().alias("mid"),
    ).row(0)
    return Agreement(both.height, *(float(share) for share in shares))


def with_and_without(lake: Lake, experiment: Experiment) -> tuple[Result, Result]:
    """The same experiment on true and on implied quotes."""
    blind = experiment.venue.model_copy(update={"imply_quotes": True})
    return run(lake, experiment), run(lake, experiment.model_copy(update={"venue": blind}))


def _frame(events: Sequence[TradeTick | QuoteTick]) -> pl.DataFrame:
    quotes = (event for event in events if isinstance(event, QuoteTick))
    rows = [(one.ts_init, float(one.bid_price), float(one.ask_price)) for one in quotes]
    return pl.DataFrame(rows, schema={"ts": pl.Int64, "bid": pl.Float64, "ask": pl.Float64}, orient="row")
