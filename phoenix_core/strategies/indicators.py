"""The signals tick by tick, as live trading computes them.

The same mathematics as `signals/`, one event at a time and in constant memory: bucket edges and sums
agree to the last digit, scores to 1e-12.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import numpy as np

from phoenix_core.market import DAY_NS, NS_PER_SECOND
from phoenix_core.signals.liquidation_pressure import depletion_ratio, pressure_index
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.signals.rolling import z_score
from phoenix_core.signals.volatility import UNIT

# Prices and sizes come as integers of 1e-16, NautilusTrader's raw values; their products are of 1e-32.
RAW_SCALE = 16


@dataclass(frozen=True, slots=True)
class Pressure:
    """The signal when a bucket closes; the fields of `signals.table.SIGNAL_COLUMNS`."""

    ts_event: int
    bucket: int
    first_trade: int
    last_trade: int
    buy_notional: int
    sell_notional: int
    fsi: float
    z_fsi: float
    vpin: float
    ldr: float | None
    oi_z: float | None
    lpi: float
    rv: float
    fsi_ready: bool


class VolumeClock:
    """Sums aggressive flow until it reaches a bucket's size; restarts at 00:00 UTC.

    Args:
        size: Quote units that close a bucket.
    """

    def __init__(self, size: Decimal) -> None:
        self._threshold = int(size.scaleb(2 * RAW_SCALE).to_integral_value(rounding=ROUND_CEILING))
        self._day = -1
        self._bucket = 0
        self._empty()

    def _empty(self) -> None:
        self._bought = self._sold = 0
        self._first_trade: int | None = None

    def add(self, ts_event: int, trade_id: int, notional: int, *, is_sell: bool) -> tuple[int, int, int, int] | None:
        """Add a trade; where it closes a bucket, give its number, first trade, bought and sold (1e-32)."""
        if ts_event // DAY_NS != self._day:
            self._day, self._bucket = ts_event // DAY_NS, 0
            self._empty()
        if self._first_trade is None:
            self._first_trade = trade_id
        if is_sell:
            self._sold += notional
        else:
            self._bought += notional
        if self._bought + self._sold < self._threshold:
            return None
        closed = self._bucket, self._first_trade, self._bought, self._sold
        self._bucket += 1
        self._empty()
        return closed


class RollingScore:
    """Z-score of the last value within the last `window` values."""

    def __init__(self, window: int) -> None:
        self._values: deque[float] = deque(maxlen=window)

    def __len__(self) -> int:
        return len(self._values)

    def add(self, value: float) -> float:
        """Add a value and score it."""
        self._values.append(value)
        return z_score(np.fromiter(self._values, dtype=np.float64))

    def last(self, count: int) -> Iterator[float]:
        """The last few values, oldest first."""
        return iter(list(self._values)[-count:])


class TimedScore:
    """Z-score of the last value within the values of the last `window_ns`, null below `min_samples`."""

    def __init__(self, window_ns: int, min_samples: int) -> None:
        self._window_ns = window_ns
        self._min_samples = min_samples
        self._samples: deque[tuple[int, float]] = deque()

    def add(self, known_ns: int, value: float) -> float | None:
        """Add a value that became known and score it."""
        self._samples.append((known_ns, value))
        # The window is open on the left: with a sample every five minutes, thirty days hold 8,640, not one more.
        while self._samples[0][0] <= known_ns - self._window_ns:
            self._samples.popleft()
        if len(self._samples) < self._min_samples:
            return None
        return z_score(np.fromiter((sample for _, sample in self._samples), dtype=np.float64))


class RealizedVolatility:
    """Root of the sum of squared log returns of the last `window_ns`."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._squares: deque[tuple[int, int]] = deque()
        self._sum = 0
        self._last: float | None = None

    def add(self, ts_event: int, price: float) -> float:
        """Add a trade and give the volatility with it."""
        square = 0
        if self._last is not None:
            ret = math.log(price / self._last)
            square = round(ret * ret * UNIT)
        self._last = price
        self._squares.append((ts_event, square))
        self._sum += square
        # Squares are integers, so what is taken out again is exactly what was put in: a sum of floats would drift.
        while self._squares[0][0] < ts_event - self._window_ns:
            self._sum -= self._squares.popleft()[1]
        return math.sqrt(self._sum / UNIT)


@dataclass(slots=True)
class _Latest:
    """The last known value and its age; a value known in this very nanosecond comes after the trade."""

    max_age_ns: int
    known_ns: int = -1
    value: float | None = None
    earlier_ns: int = -1
    earlier: float | None = None

    def put(self, known_ns: int, value: float | None) -> None:
        # Of one instant only the last counts, and it hides nothing that was known before: see `at`.
        if known_ns != self.known_ns:
            self.earlier_ns, self.earlier = self.known_ns, self.value
        self.known_ns, self.value = known_ns, value

    def at(self, now_ns: int) -> float | None:
        known_ns, value = (self.known_ns, self.value) if self.known_ns < now_ns else (self.earlier_ns, self.earlier)
        return value if known_ns >= 0 and now_ns - known_ns <= self.max_age_ns else None


class LiquidationPressure:
    """All signals of one instrument, fed one event at a time in the order they become known.

    Args:
        parameters: As for the arrays.

    Attributes:
        contract_size: Quote units of one inverse contract; None: linear.
    """

    def __init__(self, parameters: SignalParameters) -> None:
        self.contract_size: Decimal | None = None
        self._parameters = parameters
        self._clock = VolumeClock(parameters.vol_bucket_size)
        self._fsi = RollingScore(parameters.fsi_window)
        self._imbalance = RollingScore(parameters.vpin_window)
        self._oi = TimedScore(parameters.oi_window_days * DAY_NS, parameters.min_samples)
        self._volatility = RealizedVolatility(parameters.rv_window_minutes * 60 * NS_PER_SECOND)
        self._ldr = _Latest(parameters.max_depth_age_secs * NS_PER_SECOND)
        self._oi_z = _Latest(parameters.max_oi_age_secs * NS_PER_SECOND)
        self._depth: float | None = None

    def on_depth(self, known_ns: int, percentage: Decimal, notional: Decimal) -> None:
        """Take one band of a snapshot; bands other than ours change nothing."""
        if percentage != self._parameters.depth_band:
            return
        if self._depth is not None:
            self._ldr.put(known_ns, depletion_ratio(float(notional), self._depth))
        self._depth = float(notional)

    def on_open_interest(self, known_ns: int, open_interest: Decimal | None) -> None:
        """Take a sample of open interest; None is no sample."""
        if open_interest is not None:
            self._oi_z.put(known_ns, self._oi.add(known_ns, float(open_interest)))

    def on_trade(
        self, ts_event: int, trade_id: int, price_raw: int, size_raw: int, *, is_sell: bool
    ) -> Pressure | None:
        """Take a trade (price and size in 1e-16); where it closes a bucket, give the signal."""
        volatility = self._volatility.add(ts_event, price_raw / 10**RAW_SCALE)
        # An inverse contract is worth the same in quote units at any price.
        worth = price_raw if self.contract_size is None else int(self.contract_size.scaleb(RAW_SCALE))
        closed = self._clock.add(ts_event, trade_id, worth * size_raw, is_sell=is_sell)
        if closed is None:
            return None
        bucket, first_trade, bought, sold = closed
        fsi = sold / (bought + sold)
        z_fsi = self._fsi.add(fsi)
        self._imbalance.add(abs(bought - sold) / (bought + sold))
        vpin = float(np.mean(list(self._imbalance.last(self._parameters.vpin_window))))
        ldr = self._ldr.at(ts_event)
        enough = min(self._parameters.min_samples, self._parameters.fsi_window)
        return Pressure(
            ts_event=ts_event,
            bucket=bucket,
            first_trade=first_trade,
            last_trade=trade_id,
            buy_notional=bought,
            sell_notional=sold,
            fsi=fsi,
            z_fsi=z_fsi,
            vpin=vpin,
            ldr=ldr,
            oi_z=self._oi_z.at(ts_event),
            lpi=pressure_index(z_fsi, ldr, vpin),
            rv=volatility,
            fsi_ready=len(self._fsi) >= enough,
        )
