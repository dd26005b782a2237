"""What the Phoenix strategy decides, as functions of what it sees: whoever replays it, it decides by these.

A signal is anything with the attributes of `signal_tick.SignalTick`; signals of a day are a table with its columns.
"""

from decimal import ROUND_FLOOR, Decimal

import polars as pl

from phoenix_core.execution.decisions import tags_of
from phoenix_core.execution.holding import Payoff
from phoenix_core.strategies.phoenix.parameters import StrategyParameters
from phoenix_core.strategies.signal_tick import SignalTick


def qualifies(chosen: StrategyParameters, signal: SignalTick) -> bool:
    """Whether a signal would be entered on, were we flat."""
    if signal.entries_blocked or not signal.fsi_ready or (chosen.depth_gate and signal.ldr is None):
        return False
    # Asked so that NaN, with which no comparison holds, never qualifies.
    is_crowded = signal.oi_z is not None and signal.oi_z >= chosen.oi_z_threshold
    return (is_crowded or not chosen.oi_gate) and signal.lpi > chosen.lpi_entry_threshold


def is_exit(chosen: StrategyParameters, signal: SignalTick) -> bool:
    """Whether a signal says to leave."""
    return signal.lpi < chosen.lpi_exit_threshold


def entry_rows(chosen: StrategyParameters, signals: pl.DataFrame) -> list[int]:
    """Rows that are no exit and `qualifies` holds of, rising."""
    # Polars takes NaN for the largest number; Python, and so the rule for one signal, for none.
    lpi, crowding = pl.col("lpi"), pl.col("oi_z")
    wanted = ~pl.col("entries_blocked") & pl.col("fsi_ready") & lpi.is_not_nan()
    wanted &= (lpi > chosen.lpi_entry_threshold) & ~(lpi < chosen.lpi_exit_threshold)
    if chosen.depth_gate:
        wanted &= pl.col("ldr").is_not_null()
    if chosen.oi_gate:
        wanted &= crowding.is_not_null() & crowding.is_not_nan() & (crowding >= chosen.oi_z_threshold)
    return signals.select(wanted.fill_null(value=False).arg_true()).to_series().to_list()


def exit_rows(chosen: StrategyParameters, signals: pl.DataFrame) -> list[int]:
    """Rows that `is_exit` holds of, rising."""
    return signals.select((pl.col("lpi") < chosen.lpi_exit_threshold).arg_true()).to_series().to_list()


def entry_price(chosen: StrategyParameters, bid: Decimal, ask: Decimal, tick: Decimal) -> Decimal:
    """Some ticks above the best bid, below the best ask, on the tick; not above zero where no price is."""
    wanted = min(bid + tick * chosen.maker_offset_ticks, ask - tick)
    return wanted // tick * tick  # the archive holds odd prices off the tick; an order can't


def price_below_sale(chosen: StrategyParameters, sale: Decimal, tick: Decimal) -> Decimal:
    """Some ticks below the last sale, on the tick: known without any quote; not above zero where no price is."""
    return (sale - tick * chosen.entry_ticks_below) // tick * tick


def entry_quantity(
    chosen: StrategyParameters,
    volatility: float | None,
    equity: Decimal,
    price: Decimal,
    largest: Decimal,
    payoff: Payoff,
) -> Decimal:
    """Base units, or contracts, by the Kelly fraction, not rounded.

    Args:
        chosen: Parameters.
        volatility: Of the signal; None: not known.
        equity: Of the account.
        price: Of the order.
        largest: Notional by equity that the initial margin allows.
        payoff: How quantities become money.
    """
    kelly = Decimal(repr(chosen.kelly_fraction(volatility or 0.0)))
    return payoff.affordable(equity * min(kelly, largest), price)


def within(largest_position: Decimal | None, quantity: Decimal, price: Decimal) -> Decimal:
    """No more of a linear contract than the exchange lets an account hold, see `catalog.instruments`."""
    return quantity if largest_position is None else min(quantity, largest_position / price)


def in_steps(quantity: Decimal, step: Decimal) -> Decimal:
    """A quantity rounded down to the step."""
    return Decimal((quantity / step).to_integral_value(rounding=ROUND_FLOOR) * step)


def annotated(signal: SignalTick | None) -> list[str] | None:
    """The signal of an order as its tags."""
    if signal is None:
        return None
    return tags_of(
        bucket=signal.bucket,
        first_trade=signal.first_trade,
        last_trade=signal.last_trade,
        lpi=signal.lpi,
        ldr=signal.ldr,
        oi_z=signal.oi_z,
        rv=signal.rv,
    )
