"""A day of a synthetic market: order flow, book, depth, open interest and funding, seeded.

Activity follows the hours of a day, with a quiet night. A few times a day positions crowd, then a
liquidation cascade runs: sellers dominate, the price falls, liquidity leaves the book, open interest
drops; afterwards buyers return. Numbers are integers of the smallest unit throughout.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phoenix_core.market import day_start_ns

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SECONDS = 86_400
TICKS_PER_UNIT = 10  # a tick is 0.1 quote units
LOTS_PER_UNIT = 1000  # a lot is 0.001 base units
_REBOUND_SECONDS = 600
_CROWDING_SECONDS = 3 * 3600
_CALM_STEP = 0.25
_FALL = 0.16
_RISE = 0.13
_FUNDING_SECOND = 16 * 3600
_NEWS_TICKS = 9.0  # by which the price moves every second, whoever trades
_DAILY_RETURN = 0.012
_PATH_DAYS = 300


@dataclass(frozen=True)
class MarketSize:
    """How much happens in a day.

    Attributes:
        trades: Aggregate trades, about.
        quotes_per_trade: Quotes for each of them.
        cascades: Liquidation cascades.
        rebound: How far prices come back after a cascade, relative to the usual: what there is to earn. At 0 prices
            move by chance alone, whatever the flow, so that nothing foretells them.
    """

    trades: int = 40_000
    quotes_per_trade: int = 4
    cascades: int = 4
    rebound: float = 1.0


@dataclass(frozen=True, slots=True)
class Cascade:
    """A liquidation cascade.

    Attributes:
        start: Second of the day at which it begins.
        length: Seconds that sellers dominate.
        force: How far it falls, relative.
        recovery: How far it comes back, relative.
    """

    start: int
    length: int
    force: float
    recovery: float

    @property
    def end(self) -> int:
        """Second at which sellers are done."""
        return self.start + self.length

    @property
    def turn(self) -> int:
        """Second from which on the price recovers: before the selling ends."""
        return self.start + self.length * 2 // 3


@dataclass(frozen=True)
class MarketDay:
    """One day, as arrays. Days of one seed chain: each ends about where the next one opens.

    Attributes:
        day: UTC day.
        seed: Makes the day, together with its date.
        size: How much happens.
    """

    day: date
    seed: int = 7
    size: MarketSize = MarketSize()

    symbol: ClassVar[str] = "BTCUSDT"
    step_lots: ClassVar[int] = 1  # smallest quantity of a single trade

    @cached_property
    def turnover(self) -> Ints:
        """Worth of each trade, in ticks × lots."""
        return self.price_ticks * self.size_lots

    @cached_property
    def _rng(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.day.toordinal()])

    @property
    def start_ms(self) -> int:
        """00:00 UTC in milliseconds."""
        return day_start_ns(self.day) // 1_000_000

    @cached_property
    def cascades(self) -> list[Cascade]:
        """The day's cascades; one begins shortly before funding is charged at 16:00, as they like to."""
        rng = np.random.default_rng([self.seed, self.day.toordinal(), 1])
        slots = np.linspace(5.5 * 3600, SECONDS - 3600, self.size.cascades + 1)
        cascades = []
        for begin, end in pairwise(slots):
            start = int(rng.uniform(begin, end - 2400))
            if begin <= _FUNDING_SECOND < end:
                start = _FUNDING_SECOND - 100
            cascades.append(Cascade(start, int(rng.uniform(100, 240)), rng.uniform(0.4, 1.4), rng.uniform(0.5, 4.0)))
        return cascades

    def _over_cascades(self, shape: Callable[[Cascade, Floats], Floats]) -> Floats:
        seconds = np.arange(SECONDS, dtype=np.float64)
        return np.asarray(sum((shape(cascade, seconds) for cascade in self.cascades), np.zeros(SECONDS)))

    @cached_property
    def selling(self) -> Floats:
        """0 or 1 for each second: whether it is of a cascade."""
        return self._over_cascades(lambda c, t: ((t >= c.start) & (t < c.end)).astype(np.float64))

    @cached_property
    def buying(self) -> Floats:
        """0 to 1 for each second: how much of the return after a cascade."""
        return self._over_cascades(
            lambda c, t: np.where((t >= c.end) & (t < c.end + _REBOUND_SECONDS), 1 - (t - c.end) / _REBOUND_SECONDS, 0)
        )

    @cached_property
    def _fall(self) -> Floats:
        """Chance that a sale breaks a level: largest when a cascade begins."""
        return self._over_cascades(
            lambda c, t: np.where((t >= c.start) & (t < c.end), c.force * (1 - (t - c.start) / (c.end - c.start)), 0)
        )

    @cached_property
    def _rise(self) -> Floats:
        """Chance that the price jumps back: within two minutes from a cascade's last third on."""
        return self._over_cascades(
            lambda c, t: np.where(
                (t >= c.turn) & (t < c.turn + 120), self.size.rebound * c.recovery * (1 - (t - c.turn) / 120), 0
            )
        )

    @cached_property
    def activity(self) -> Floats:
        """Relative number of trades for each second; mean 1."""
        hours = np.arange(SECONDS) / 3600
        daily = 0.9 + 0.5 * np.sin((hours - 9) / 24 * 2 * np.pi)
        night_begins, night_ends = 2, 5
        quiet = np.where((hours >= night_begins) & (hours < night_ends), 0.25, 1.0)
        level = daily * quiet * (1 + 8 * self.selling + 2 * self.buying)
        return np.asarray(level / level.mean())

    # -- trades ----------------------------------------------------------------------------------

    @cached_property
    def trade_ms(self) -> Ints:
        """Time of each aggregate trade in ms since 1970, not falling."""
        per_second = self._rng.poisson(self.activity * self.size.trades / SECONDS)
        seconds = np.repeat(np.arange(SECONDS), per_second)
        within = self._rng.integers(0, 1000, seconds.size)
        return np.asarray(self.start_ms + np.sort(seconds * 1000 + within))

    @cached_property
    def _trade_second(self) -> Ints:
        return (self.trade_ms - self.start_ms) // 1000

    @cached_property
    def is_sell(self) -> NDArray[np.bool_]:
        """Whether the aggressor of each trade sold."""
        slow = np.interp(np.arange(SECONDS), np.arange(0, SECONDS, 900), self._rng.normal(0, 0.03, SECONDS // 900))
        chance = 0.5 + slow + 0.43 * self.selling - 0.16 * self.buying
        return np.asarray(self._rng.random(self.trade_ms.size) < chance[self._trade_second])

    @cached_property
    def size_lots(self) -> Ints:
        """Quantity of each trade in lots."""
        lots = self._rng.lognormal(4.6, 1.2, self.trade_ms.size) * (1 + self.selling[self._trade_second])
        return np.maximum(1, lots.astype(np.int64))

    def _opening_tick(self, day: date) -> int:
        steps = np.random.default_rng(self.seed).normal(0, _DAILY_RETURN, _PATH_DAYS).cumsum()
        return int(65_000 * TICKS_PER_UNIT * np.exp(steps[day.toordinal() % _PATH_DAYS]))

    @cached_property
    def bid_ticks(self) -> Ints:
        """Best bid just before each trade, in ticks; the ask is one tick above."""
        second = self._trade_second
        count = self.trade_ms.size
        steps = (self._rng.random(count) < _CALM_STEP).astype(np.int64)
        # Now and then a level gives way and the price jumps on: down with sales, later back up.
        falls = self.is_sell & (self._rng.random(count) < _FALL * self._fall[second])
        rises = self._rng.random(count) < _RISE * self._rise[second]
        jumps = (rises.astype(np.int64) - falls) * self._rng.integers(8, 48, count)
        moves = np.where(self.is_sell, -steps, steps) + jumps
        if not self.size.rebound:
            moves = np.where(self._rng.random(count) < 1 / 2, -steps, steps)
        news = self._rng.normal(0, _NEWS_TICKS, SECONDS).cumsum()[second]
        path = np.concatenate([[0], moves[:-1].cumsum()]) + news
        # Bent so that the day ends where the next one opens.
        opening = self._opening_tick(self.day)
        missing = self._opening_tick(self.day + timedelta(1)) - opening - path[-1]
        return np.asarray(opening + np.rint(path + missing * (second / SECONDS)).astype(np.int64))

    @cached_property
    def price_ticks(self) -> Ints:
        """Price of each trade in ticks: sellers hit the bid, buyers lift the ask."""
        return np.where(self.is_sell, self.bid_ticks, self.bid_ticks + 1)

    @cached_property
    def first_trade_id(self) -> int:
        """Aggregate id of the day's first trade; days do not overlap."""
        return (self.day.toordinal() - 730_000) * 2_000_000

    @cached_property
    def fills_per_trade(self) -> Ints:
        """Single trades in each aggregate."""
        return 1 + self._rng.poisson(0.8, self.trade_ms.size)

    # -- book ------------------------------------------------------------------------------------

    @cached_property
    def quotes(self) -> dict[str, Ints]:
        """Columns ms, bid_ticks, bid_lots, ask_ticks, ask_lots, ordered as published."""
        count = self.size.quotes_per_trade
        base = np.repeat(np.arange(self.trade_ms.size), count)
        nth = np.tile(np.arange(count), self.trade_ms.size)
        # The first follows its trade by a millisecond, the others are scattered until the next.
        following = np.append(self.trade_ms[1:], self.trade_ms[-1] + 1000)
        gap = np.maximum(following - self.trade_ms - 1, 1)[base]
        offset = np.where(nth == 0, 1, 1 + (self._rng.random(base.size) * gap).astype(np.int64))
        ms = np.minimum(self.trade_ms[base] + offset, self.start_ms + SECONDS * 1000 - 1)
        order = np.lexsort((nth, base, ms))
        after = np.append(self.bid_ticks[1:], self.bid_ticks[-1])[base][order]
        thin = 1 - 0.7 * self.selling[self._trade_second][base][order]
        lots = self._rng.lognormal(7.5, 1.0, (2, base.size)) * thin
        bid_lots, ask_lots = np.maximum(1, lots.astype(np.int64))
        return {
            "ms": ms[order],
            "bid_ticks": after,
            "bid_lots": bid_lots,
            "ask_ticks": after + 1,
            "ask_lots": ask_lots,
        }

    def mid_at(self, seconds: Ints) -> Floats:
        """Mid in quote units at the end of some seconds of the day."""
        index = np.searchsorted(self.trade_ms, self.start_ms + (seconds + 1) * 1000) - 1
        return np.asarray((self.bid_ticks[np.maximum(index, 0)] + 0.5) / TICKS_PER_UNIT)

    @cached_property
    def depth_seconds(self) -> Ints:
        """Seconds of the day at which depth is published: about every 30, with jitter."""
        steps = self._rng.integers(26, 35, SECONDS // 26)
        seconds = 2 + np.cumsum(steps)
        return np.asarray(seconds[seconds < SECONDS])

    @cached_property
    def liquidity(self) -> Floats:
        """Relative liquidity at each depth snapshot; it leaves step by step in a cascade."""
        seconds = self.depth_seconds
        age = np.full(seconds.size, np.inf)
        for start in (cascade.start for cascade in self.cascades):
            age = np.where(seconds >= start, np.minimum(age, seconds - start), age)
        # Halved about every 30 s for 150 s, then back within minutes.
        falling = 0.5 ** (np.minimum(age, 150) / 32)
        back = np.clip((age - 240) / 900, 0, 1)
        level = np.where(age < np.inf, falling + (1 - falling) * back, 1.0)
        return np.asarray(level * self._rng.lognormal(0, 0.04, seconds.size))

    # -- statistics ------------------------------------------------------------------------------

    @cached_property
    def open_interest(self) -> Ints:
        """Open interest at the end of each five minutes, in lots: it builds up before a cascade."""
        ends = np.arange(300, SECONDS + 1, 300)
        crowd = np.zeros(ends.size)
        for start in (cascade.start for cascade in self.cascades):
            before = np.clip(1 - (start - ends) / _CROWDING_SECONDS, 0, 1) ** 2 * (ends < start + 300)
            after = np.where(ends >= start + 300, -0.4 * np.exp(-(ends - start) / 5400), 0.0)
            crowd += before + after
        level = 80_000 * (1 + 0.02 * crowd) + self._rng.normal(0, 60, ends.size).cumsum() / 4
        return np.asarray((level * LOTS_PER_UNIT).astype(np.int64))

    def funding_rates(self) -> Ints:
        """Rates at 00:00, 08:00 and 16:00, in 1e-8."""
        return np.random.default_rng([self.seed, self.day.toordinal(), 2]).integers(2_000, 30_000, 3)


CONTRACT = 100  # quote units
_SATOSHIS = 10**8


@dataclass(frozen=True)
class InverseDay(MarketDay):
    """The same day of an inverse perpetual: quantities are whole contracts, in lots, and worth is counted in coins."""

    symbol: ClassVar[str] = "BTCUSD_PERP"
    step_lots: ClassVar[int] = LOTS_PER_UNIT

    @cached_property
    def size_lots(self) -> Ints:
        """Quantity of each trade in lots: contracts of about as many coins."""
        return contract_lots(super().size_lots, self.price_ticks)

    @cached_property
    def turnover(self) -> Ints:
        """Worth of each trade in hundred-millionths of a coin."""
        return coins(self.size_lots, self.price_ticks)

    @cached_property
    def quotes(self) -> dict[str, Ints]:
        """The same columns; sizes are contracts in lots."""
        found = super().quotes
        sizes = {side: contract_lots(found[f"{side}_lots"], found[f"{side}_ticks"]) for side in ("bid", "ask")}
        return found | {f"{side}_lots": lots for side, lots in sizes.items()}

    @cached_property
    def open_interest(self) -> Ints:
        """Open interest at the end of each five minutes: contracts in lots."""
        ends = np.arange(300, SECONDS + 1, 300)
        ticks = np.rint(self.mid_at(ends - 1) * TICKS_PER_UNIT).astype(np.int64)
        return contract_lots(super().open_interest, ticks)


def contract_lots(lots: Ints, ticks: Ints) -> Ints:
    """Lots of coins at a price as whole contracts, at least one, in lots."""
    contracts = lots * ticks // (LOTS_PER_UNIT * TICKS_PER_UNIT * CONTRACT)
    return np.asarray(np.maximum(1, contracts) * LOTS_PER_UNIT)


def coins(lots: Ints, ticks: Ints) -> Ints:
    """Worth of contracts in lots at a price, in hundred-millionths of a coin, rounded down."""
    return np.asarray(lots // LOTS_PER_UNIT * (CONTRACT * TICKS_PER_UNIT * _SATOSHIS) // ticks)
