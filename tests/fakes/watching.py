"""A strategy that subscribes to everything and notes when it saw what."""

from collections import defaultdict

from nautilus_trader.model.data import BarType, DataType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.catalog.schemas import DepthBand, OpenInterest
from phoenix_core.strategies.signal_tick import ARCHIVE, SignalTick

SEEN = defaultdict(list)  # by kind: (ts_event, ts_init, the clock's time)


class WatchingConfig(StrategyConfig, frozen=True, kw_only=True):
    instrument_id: InstrumentId


class Watching(Strategy):
    """Trades nothing."""

    def __init__(self, config: WatchingConfig) -> None:
        super().__init__(config)

    def on_start(self):
        traded = self.config.instrument_id
        self.subscribe_trade_ticks(traded)
        self.subscribe_quote_ticks(traded)
        self.subscribe_bars(BarType.from_str(f"{traded}-1-MINUTE-LAST-EXTERNAL"))
        self.subscribe_mark_prices(traded)
        self.subscribe_funding_rates(traded)
        self.subscribe_data(DataType(DepthBand), instrument_id=traded)
        self.subscribe_data(DataType(OpenInterest), instrument_id=traded)
        self.subscribe_data(DataType(SignalTick), client_id=ARCHIVE)

    def note(self, event):
        SEEN[type(event).__name__].append((event.ts_event, event.ts_init, self.clock.timestamp_ns()))

    on_trade_tick = on_quote_tick = on_bar = on_mark_price = on_funding_rate = on_data = note
