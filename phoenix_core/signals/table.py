"""The signals of a day as one table, from arrays alone."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from phoenix_core.market import NS_PER_SECOND
from phoenix_core.signals import liquidation_pressure, regime, volatility
from phoenix_core.signals.parameters import SignalParameters

SIGNAL_COLUMNS = (
    "ts_event",
    "ts_init",
    "bucket",
    "first_trade",
    "last_trade",
    "last_price",
    "fsi",
    "z_fsi",
    "vpin",
    "ldr",
    "oi_z",
    "lpi",
    "rv",
    "fsi_ready",
)


@dataclass(frozen=True, slots=True)
class SignalInputs:
    """What a day of signals is computed from.

    Attributes:
        start_ns: 00:00 UTC of the day.
        buckets: The day's volume buckets, `volume_buckets.SCHEMA`.
        before: Yesterday's buckets, or none.
        trades: price, ts_event and trade_id of the day, and of as much of yesterday as the volatility's
            window reaches back.
        depth: ts_init, percentage and notional of today and yesterday.
        open_interest: ts_init and sum_open_interest of the day and up to 30 days before.
    """

    start_ns: int
    buckets: pl.DataFrame
    before: pl.DataFrame
    trades: pl.DataFrame
    depth: pl.DataFrame
    open_interest: pl.DataFrame


def signal_table(inputs: SignalInputs, parameters: SignalParameters) -> pl.DataFrame:
    """Compute one row for each bucket of the day, columns `SIGNAL_COLUMNS`.

    ldr and oi_z are null where they could not be known; lpi then counts no depletion. Scores are
    Float64, times Int64 nanoseconds, rv a fraction over its window.
    """
    scores = liquidation_pressure.flow_scores(
        pl.concat([inputs.before, inputs.buckets]), parameters, inputs.before.height
    )
    times = inputs.buckets["ts_event"].to_numpy()
    depth_age = parameters.max_depth_age_secs * NS_PER_SECOND
    ratios = liquidation_pressure.depletion_ratios(inputs.depth, parameters.depth_band)
    ldr = liquidation_pressure.as_of(times, ratios, "ldr", depth_age)
    oi_age = parameters.max_oi_age_secs * NS_PER_SECOND
    crowding = regime.open_interest_z(inputs.open_interest, inputs.start_ns - oi_age, parameters)
    oi_z = liquidation_pressure.as_of(times, crowding, "oi_z", oi_age)
    lpi = [
        liquidation_pressure.pressure_index(z, ratio, vpin)
        for z, ratio, vpin in zip(scores["z_fsi"], ldr, scores["vpin"], strict=True)
    ]
    return inputs.buckets.with_columns(
        *scores.get_columns(),
        ldr.alias("ldr"),
        oi_z.alias("oi_z"),
        pl.Series("lpi", lpi, dtype=pl.Float64),
        _volatility(inputs, parameters).alias("rv"),
    ).select(SIGNAL_COLUMNS)


def _volatility(inputs: SignalInputs, parameters: SignalParameters) -> pl.Series:
    window = parameters.rv_window_minutes * 60 * NS_PER_SECOND
    prices = inputs.trades["price"].cast(pl.Float64).to_numpy()
    times = inputs.trades["ts_event"].cast(pl.Int64).to_numpy()
    own = times.size - int((times >= inputs.start_ns).sum())
    at = own + closing_trades(inputs.trades["trade_id"].slice(own), inputs.buckets)
    return pl.Series(volatility.realized_volatility(times, prices, at, window))


def closing_trades(ids: pl.Series, buckets: pl.DataFrame) -> NDArray[np.int64]:
    """Place of the trade that closes each bucket among a day's trades, by their ids, which rise.

    Buckets follow one another without a gap, so that their counts of trades lead there; a million ids that are text
    need not be read as numbers. Where that is not the trade, the buckets are of other rows, and it is looked for.
    """
    last = buckets["last_trade"]
    places = buckets["trades"].to_numpy().cumsum() - 1
    if places.size and places[-1] < len(ids) and ids.gather(places).cast(pl.Int64).equals(last):
        return np.asarray(places)
    return np.searchsorted(ids.cast(pl.Int64).to_numpy(), last.to_numpy())
