"""The liquidation pressure index (LPI) of each volume bucket, and its parts.

    FSI   forced selling intensity, S / (B + S), and its z-score over the last buckets
    VPIN  |B - S| / (B + S), averaged over `vpin_window` buckets (Easley et al. 2012)
    LDR   liquidity depletion ratio: bid notional within a band, by that of the snapshot before
    LPI   0.6 tanh(max(0, z_FSI)) + 0.3 max(0, 1 - LDR) + 0.1 VPIN

B and S are the notional bought and sold by aggressors.
"""

import math
from decimal import Decimal
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from phoenix_core.columns import Role
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.signals.rolling import z_scores_by_count

Floats = NDArray[np.float64]
_SELLING, _DEPLETION, _TOXICITY = 0.6, 0.3, 0.1
_NO_NOTIONAL = 1e-9


def pressure_index(z_fsi: float, ldr: float | None, vpin: float) -> float:
    """LPI of one bucket; without an LDR nothing counts as depleted.

    >>> round(pressure_index(2.0, 0.5, 0.4), 6)
    0.768417
    """
    depletion = 0.0 if ldr is None else max(0.0, 1.0 - ldr)
    return _SELLING * math.tanh(max(0.0, z_fsi)) + _DEPLETION * depletion + _TOXICITY * vpin


def depletion_ratio(now: float, before: float) -> float:
    """LDR of two successive snapshots; 1 where there was nothing to deplete."""
    return now / before if before > _NO_NOTIONAL else 1.0


def flow_scores(buckets: pl.DataFrame, parameters: SignalParameters, first: int) -> pl.DataFrame:
    """FSI, its z-score and VPIN of the buckets from index `first` on; the earlier ones are history.

    Returns:
        fsi, z_fsi, vpin (Float64) and fsi_ready (Boolean: enough buckets for a z-score).
    """
    bought = buckets["buy_notional"].cast(pl.Float64).to_numpy()
    sold = buckets["sell_notional"].cast(pl.Float64).to_numpy()
    fsi = sold / (bought + sold)
    imbalance = np.abs(bought - sold) / (bought + sold)
    z_fsi = z_scores_by_count(fsi, parameters.fsi_window)
    vpin = np.array(
        [imbalance[max(0, n + 1 - parameters.vpin_window) : n + 1].mean() for n in range(imbalance.size)],
        dtype=np.float64,
    )
    seen = np.minimum(np.arange(1, fsi.size + 1), parameters.fsi_window)
    ready = seen >= min(parameters.min_samples, parameters.fsi_window)
    scores = {"fsi": fsi, "z_fsi": z_fsi, "vpin": vpin, "fsi_ready": ready}
    return pl.DataFrame({name: values[first:] for name, values in scores.items()})


def depletion_ratios(depth: pl.DataFrame, band: Decimal) -> pl.DataFrame:
    """LDR of each snapshot against the one before it.

    Args:
        depth: Rows with ts_init (ns), band_edge (in percent) and band_notional, in time order.
        band: Which band; levels are cumulative, so one band holds all that is nearer to the mid.

    Returns:
        known_ns (Int64) and ldr (Float64); the first snapshot has no ratio and is left out.
    """
    one_band = depth.filter(pl.col(Role.BAND_EDGE) == band)
    notional = one_band[Role.BAND_NOTIONAL].cast(pl.Float64).to_numpy()
    known = one_band["ts_init"].cast(pl.Int64).to_numpy()
    ratios = [depletion_ratio(float(now), float(before)) for before, now in pairwise(notional)]
    return pl.DataFrame({"known_ns": known[1:], "ldr": ratios}, schema={"known_ns": pl.Int64, "ldr": pl.Float64})


def as_of(times: NDArray[np.int64], known: pl.DataFrame, value: str, max_age_ns: int) -> pl.Series:
    """The last value known before each time, null where there is none or it is too old.

    A value that becomes known in the same nanosecond as the trade that closes a bucket comes after it.
    """
    keys = known["known_ns"].to_numpy()
    index = np.searchsorted(keys, times, side="left") - 1
    found = index >= 0
    ages = np.where(found, times - keys[np.maximum(index, 0)] if keys.size else 0, 0)
    usable = pl.Series(found & (ages <= max_age_ns))
    if not keys.size:
        return pl.Series([None] * times.size, dtype=pl.Float64)
    values = known[value].gather(np.maximum(index, 0))
    return pl.select(pl.when(usable).then(values)).to_series()
