"""The strategy's signals computed by itself, trade by trade, as it would trade live.

Fed in the engine's order it gives the rows of `signals.table`: numbers to 1e-12, everything else exactly. An
outage is known here only once trades come again, which is when entries are blocked.
"""

from decimal import Decimal

from nautilus_trader.core.data import Data
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AggressorSide

from phoenix_core.catalog.schemas import DepthBand, OpenInterest
from phoenix_core.market import DAY_NS, NS_PER_SECOND
from phoenix_core.rules import QUIET_NS
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.strategies.indicators import LiquidationPressure
from phoenix_core.strategies.signal_tick import SignalTick

_MINUTE = 60 * NS_PER_SECOND


class LiveSignals:
    """Turns trades, depth and open interest into signals.

    Args:
        parameters: As for the arrays.
    """

    def __init__(self, parameters: SignalParameters) -> None:
        self._pressure = LiquidationPressure(parameters)
        self._outages = _Outages()

    def trades_contracts(self, size: Decimal | None) -> None:
        """Learn how many quote units one contract is; None: quantities are base units."""
        self._pressure.contract_size = size

    def on_event(self, event: Data) -> SignalTick | None:
        """Take an event; where it is a trade that closes a bucket, give the signal."""
        if isinstance(event, TradeTick):
            return self._on_trade(event)
        if isinstance(event, DepthBand):
            self._pressure.on_depth(event.ts_init, event.percentage, event.notional)
        elif isinstance(event, OpenInterest):
            self._pressure.on_open_interest(event.ts_init, event.sum_open_interest)
        return None

    def _on_trade(self, trade: TradeTick) -> SignalTick | None:
        self._outages.on_trade(trade.ts_event)
        is_sell = trade.aggressor_side == AggressorSide.SELLER
        number = int(trade.trade_id.value)
        found = self._pressure.on_trade(trade.ts_event, number, trade.price.raw, trade.size.raw, is_sell=is_sell)
        if found is None:
            return None
        return SignalTick(
            {
                "ts_init": trade.ts_init,
                "bucket": found.bucket,
                "first_trade": found.first_trade,
                "last_trade": found.last_trade,
                "lpi": found.lpi,
                "ldr": found.ldr,
                "oi_z": found.oi_z,
                "rv": found.rv,
                "fsi_ready": found.fsi_ready,
                "entries_blocked": trade.ts_event <= self._outages.blocked_until_ns,
            }
        )


class _Outages:
    """Times without trades of five minutes or more, as `backtest.gaps` finds them in a day's minutes."""

    def __init__(self) -> None:
        self._day = -1
        self._known_until = -1
        self.blocked_until_ns = -1

    def on_trade(self, ts_event: int) -> None:
        """Take the next trade."""
        if ts_event // DAY_NS != self._day:
            self._day = ts_event // DAY_NS
            self._known_until = self._day * DAY_NS
        minute = ts_event // _MINUTE * _MINUTE
        if minute - self._known_until >= QUIET_NS:
            is_from_midnight = self._known_until % DAY_NS == 0
            self.blocked_until_ns = minute + (0 if is_from_midnight else QUIET_NS)
        self._known_until = minute + _MINUTE
