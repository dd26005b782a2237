"""A day made by hand, and the account that comes of it."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from operator import itemgetter

import polars as pl
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import InstrumentId, TradeId
from nautilus_trader.model.objects import Price, Quantity

from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.backtest.implied_quotes import ImpliedQuotes
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.lane import Lane
from phoenix_core.backtest.ledger import Ledger, ledger
from phoenix_core.backtest.replay import Replay
from phoenix_core.backtest.settlement import Delivery, FundingTime, Mark, Settled
from phoenix_core.backtest.venue import as_traded, engine_with_venue, feed_latency_ns, order_latency_ns
from phoenix_core.catalog.instruments import instrument
from phoenix_core.execution.decisions import Decision, Fill
from phoenix_core.execution.holding import payoff_of
from phoenix_core.execution.orders import Sent
from phoenix_core.execution.snapshots import Snapshots
from phoenix_core.instruments.brackets import Brackets
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing, Market, day_start_ns
from phoenix_core.strategies.contract import default_strategy, importable
from phoenix_core.strategies.imported import contract_of, strategy_of
from phoenix_core.verification.replayer import Data, Replayer, Request, Terms

DAY = date(2024, 3, 30)
START = day_start_ns(DAY)
INSTRUMENT = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")


def at(seconds: float) -> int:
    """Nanoseconds of a second of the day."""
    return START + round(seconds * 1_000_000_000)


class Ticks:
    """Ticks in memory, where a backtest has a file."""

    def __init__(self, ticks):
        self.ticks = sorted(ticks, key=lambda tick: tick.ts_init)

    def stream(self, rows=0):
        for begin in range(0, len(self.ticks), 7):
            yield self.ticks[begin : begin + 7]

    def between(self, first_ns, last_ns):
        times = [tick.ts_init for tick in self.ticks]
        return self.ticks[bisect_left(times, first_ns) : bisect_right(times, last_ns)]

    def last_known(self, at_ns, side=None):
        known = [t.ts_init for t in self.ticks if t.ts_init <= at_ns and (side is None or t.aggressor_side == side)]
        return known[-1] if known else None


@dataclass
class Outcome:
    """What a scenario gave."""

    fills: list[Fill]
    settled: list[Settled]
    final: Decimal
    orders: dict[str, int]
    books: Ledger
    events: int
    sent: list[Sent]
    decisions: tuple[Decision, ...]
    balances: tuple[Decimal, ...] = ()  # quote and base, on spot


@dataclass
class Scenario:
    """Events of a day, times in seconds after midnight."""

    symbol: str = "um:BTCUSDT"
    quotes: list[QuoteTick] = field(default_factory=list)
    trades: list[TradeTick] = field(default_factory=list)
    signals: list[dict[str, object]] = field(default_factory=list)
    funding: list[FundingTime] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    depths: list = field(default_factory=list)
    delivery: Delivery | None = None
    brackets: Brackets | None = None
    largest: Decimal | None = None
    largest_position: Decimal | None = None

    @property
    def specification(self):
        return replace(specification(Listing.parse(self.symbol), DAY), largest_position=self.largest_position)

    @property
    def instrument_id(self):
        return InstrumentId.from_str(self.specification.instrument_id)

    def price_and_size(self, price, size):
        spec = self.specification
        return Price(Decimal(price), spec.price_precision), Quantity(Decimal(size), spec.size_precision)

    def depth(self, seconds, bids, asks):
        """Bands as (percent, lots), of each side; a snapshot of the same instant is replaced."""
        self.depths = [one for one in self.depths if one[0] != at(seconds)]
        bands = [(-Decimal(edge), Decimal(lots)) for edge, lots in bids]
        self.depths.append((at(seconds), bands + [(Decimal(edge), Decimal(lots)) for edge, lots in asks]))
        return self

    def snapshots(self):
        """The depth as a backtest reads it."""
        rows = [(ts, *band) for ts, bands in sorted(self.depths, key=itemgetter(0)) for band in bands]
        schema = {"ts": pl.Int64, "band_edge": pl.Decimal(38, 16), "band_size": pl.Decimal(38, 16)}
        return Snapshots(pl.DataFrame(rows, schema=schema, orient="row"))

    def quote(self, seconds, bid, ask, bid_size="100", ask_size="100"):
        (bid, bid_size), (ask, ask_size) = self.price_and_size(bid, bid_size), self.price_and_size(ask, ask_size)
        self.quotes.append(QuoteTick(self.instrument_id, bid, ask, bid_size, ask_size, at(seconds), at(seconds)))
        return self

    def trade(self, seconds, price, size, side="SELLER"):
        number = TradeId(str(len(self.trades) + 1))
        paid = self.price_and_size(price, size)
        side = AggressorSide[side]
        self.trades.append(TradeTick(self.instrument_id, *paid, side, number, at(seconds), at(seconds)))
        return self

    def signal(self, seconds, lpi, *, oi_z=2.0, ldr=0.5, rv=0.001, fsi_ready=True):
        row = {"ts_event": at(seconds), "ts_init": at(seconds), "bucket": len(self.signals), "first_trade": 1}
        row |= {"last_trade": 2, "last_price": Decimal(1), "fsi": 0.5, "z_fsi": 1.0, "vpin": 0.5}
        self.signals.append(row | {"ldr": ldr, "oi_z": oi_z, "lpi": lpi, "rv": rv, "fsi_ready": fsi_ready})
        return self

    def funds(self, seconds, rate, mark):
        self.funding.append(FundingTime(at(seconds), Decimal(rate), Decimal(mark)))
        return self

    def delivers(self, seconds, price):
        self.delivery = Delivery(at(seconds), Decimal(price))
        return self

    def mark(self, seconds, close, low=None, high=None):
        prices = (close, low or close, high or close)
        self.marks.append(Mark(at(seconds), *(Decimal(price) for price in prices)))
        return self

    def inputs(self) -> DayInputs:
        schema = {"ldr": pl.Float64, "oi_z": pl.Float64, "rv": pl.Float64, "lpi": pl.Float64}
        columns = (
            "ts_event",
            "ts_init",
            "bucket",
            "first_trade",
            "last_trade",
            "ldr",
            "oi_z",
            "lpi",
            "rv",
            "fsi_ready",
        )
        rows = [
            {name: row[name] for name in columns} | {"entries_blocked": row.get("entries_blocked", False)}
            for row in self.signals
        ]
        empty = dict.fromkeys(columns, pl.Int64) | schema | {"fsi_ready": pl.Boolean, "entries_blocked": pl.Boolean}
        signals = pl.DataFrame(rows, schema=empty)
        return DayInputs(
            day=DAY,
            signals=signals.sort("ts_init", maintain_order=True),
            trades=Ticks(self.trades),  # type: ignore[arg-type]
            quotes=Ticks(self.quotes) if self.quotes else None,  # type: ignore[arg-type]
            funding=tuple(self.funding),
            marks=tuple(self.marks),
            prices=pl.DataFrame({"minute_ns": [], "price": []}),
            versions={},
            without=(),
            depth=self.snapshots(),
            delivery=self.delivery,
            brackets=self.brackets,
            largest=self.largest,
        )

    def data(self) -> Data:
        """The same market in the second implementation's words."""
        return Data(
            trades=[
                (one.ts_init, one.price.as_decimal(), one.size.as_decimal(), one.aggressor_side.name)
                for one in self.trades
            ],
            quotes=[
                (
                    one.ts_init,
                    *(value.as_decimal() for value in (one.bid_price, one.bid_size, one.ask_price, one.ask_size)),
                )
                for one in self.quotes
            ],
            depth=[(ts, dict(bands)) for ts, bands in sorted(self.depths, key=itemgetter(0))],
        )

    def run(self, *, full=False, venue=None, **strategy) -> Outcome:
        """Run the day; strategy and venue by their fields."""
        exchange = VenueParameters.model_validate({"order_latency_ms": 5} | (venue or {}))
        spec = as_traded(self.specification, exchange)
        traded = instrument(spec, expires=False)
        chosen = default_strategy().parameters.model_validate({"max_leverage": 0.5} | strategy)
        trader = strategy_of(importable(chosen), self.instrument_id)
        implied = None if self.quotes else ImpliedQuotes(traded.price_increment)
        made = engine_with_venue(traded, exchange, trader, quotes_implied=not self.quotes)
        late_ns, closing_ns = feed_latency_ns(exchange), order_latency_ns(exchange) + 2_000_000
        lane = Lane(made, contract_of(trader).skipper(trader), closing_ns, late_ns, implied)
        replay = Replay([lane], late_ns)
        try:
            lane.begin(self.inputs(), ends_session=True)
            (replay.full if full else replay.skipping)()
            made.engine.end()
            account = made.engine.portfolio.account(self.instrument_id.venue)
            final = account.balance_total(account.base_currency).as_decimal()
            assert final == made.account.balance, (final, made.account.balance)
        finally:
            made.engine.dispose()
        fills, settled = made.recorder.fills, made.watched.settled
        return Outcome(
            fills,
            settled,
            final,
            made.recorder.orders_by_end,
            ledger(fills, settled, exchange.starting_balance, final, payoff=payoff_of(spec)),
            replay.events,
            list(made.exchange.sent.values()),
            made.recorder.decisions,
            (made.account.quote, made.account.base) if payoff_of(spec).dust else (),
        )


def both(scenario: Scenario, **options) -> Outcome:
    """Run in both replay modes, hold them equal, and give the outcome."""
    signals, full = scenario.run(**options), scenario.run(full=True, **options)
    assert signals.fills == full.fills
    assert (signals.final, signals.settled, signals.orders) == (full.final, full.settled, full.orders)
    assert signals.balances == full.balances
    assert (signals.sent, signals.decisions) == (full.sent, full.decisions)
    return signals


def recomputed(scenario: Scenario, outcome: Outcome, venue, delivery="") -> Replayer:
    """The fills of the outcome's requests, by the second implementation."""
    exchange = VenueParameters.model_validate({"order_latency_ms": 5} | venue)
    traded = as_traded(scenario.specification, exchange)
    data = scenario.data()
    if scenario.delivery is not None:
        data.delivery = (scenario.delivery.ts, scenario.delivery.price, delivery)
    return Replayer(data, [request_of(one) for one in outcome.sent], terms_of(traded, exchange)).run()


def request_of(sent: Sent) -> Request:
    """What was sent, in the second implementation's words."""
    return Request(
        sent.order_id, sent.sent_ns, sent.side, sent.quantity, sent.price, sent.post_only, sent.rests,
        sent.reduce_only, sent.forced, sent.cancel_sent_ns,
    )  # fmt: skip


def terms_of(traded, exchange: VenueParameters) -> Terms:
    """An exchange's terms, likewise."""
    return Terms(
        latency_ns=int(exchange.order_latency_ms * 1_000_000), tick=traded.tick, step=traded.step,
        maker_fee=traded.maker_fee, taker_fee=traded.taker_fee, queue=exchange.queue_position,
        depletion=exchange.queue_depletion, contract=traded.contract_size if traded.is_inverse else None,
        spot=exchange.spot_fee.value if traded.listing.market is Market.SPOT else "", paid=exchange.starting_balance,
    )  # fmt: skip


def as_rows(fills):
    """Fills of a run in the second implementation's form."""
    return [(one.ts, one.order_id, one.side, one.quantity, one.price, one.liquidity) for one in fills]
