"""Which instants the Phoenix strategy can act at, told from its signals ahead: all else need not be replayed."""

import polars as pl

from phoenix_core.strategies.phoenix.strategy import PhoenixStrategy
from phoenix_core.strategies.signal_tick import SignalTick


class SignalSkipper:
    """Stops at signals that the strategy would act on in its present state.

    Args:
        strategy: Whose state it is.
    """

    def __init__(self, strategy: PhoenixStrategy) -> None:
        self._strategy = strategy

    @property
    def needs_ticks(self) -> bool:
        """What an exit left is sent again with the next quote, whenever that comes."""
        return self._strategy.awaits_quote

    def next_stop(self, signals: pl.DataFrame) -> int | None:
        """Time of the first of these signals that is entered on when flat, or that a position is closed on."""
        if self._strategy.position == 0:
            return self._next_entry(signals)
        exits = signals.filter(pl.col("lpi") < self._strategy.parameters.lpi_exit_threshold)
        return int(exits["ts_init"][0]) if exits.height else None

    def _next_entry(self, signals: pl.DataFrame) -> int | None:
        likely = signals.filter(pl.col("lpi") > self._strategy.parameters.lpi_entry_threshold)
        for row in likely.iter_rows(named=True):
            if self._strategy.qualifies(SignalTick(row)):
                return int(row["ts_init"])
        return None
