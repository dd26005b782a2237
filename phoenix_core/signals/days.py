"""Days of volume buckets and signals: read from the catalog, computed, published.

A day of buckets depends on its own trades alone. A day of signals also reads what a trader would have
in memory at midnight: yesterday's buckets and last hour of trades, yesterday's last depth, and 30 days
of open interest (`lookback.py`). What of that is missing is left out and said.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from phoenix_core.catalog.store import catalog_asset, read_by_role, read_day
from phoenix_core.columns import Role
from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, METRICS, Dataset
from phoenix_core.errors import InputMissing
from phoenix_core.instruments.table import specification
from phoenix_core.lineage import input_entries, sources_of
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import NS_PER_SECOND, Listing, day_start_ns, days_between
from phoenix_core.products import SIGNALS, VOLUME_BUCKETS, Product
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.signals.recipe import signals_recipe
from phoenix_core.signals.table import SignalInputs, signal_table
from phoenix_core.signals.volume_buckets import volume_buckets
from phoenix_core.storage import Lake, digest_of, sha256_of

_TRADE_COLUMNS = ("price", "size", "aggressor_side", "trade_id", "ts_event")
_DEFAULTS = SignalParameters()


@dataclass(frozen=True, slots=True)
class SignalDays:
    """Computes and publishes the signals of one listing.

    Attributes:
        lake: The data folder.
        listing: Market and symbol.
        parameters: What the signals depend on; only the defaults are published in the signals folder,
            others are computed for whoever asks.
    """

    lake: Lake
    listing: Listing
    parameters: SignalParameters = _DEFAULTS

    def asset(self, product: Product) -> str:
        """Full name of one of our assets."""
        return product.asset(self.listing)

    @property
    def recipe(self) -> str:
        """What these signals depend on besides the data."""
        return signals_recipe(self.listing, self.parameters)

    def publish_buckets(self, day: date) -> Entry:
        """Publish a day of volume buckets.

        Raises:
            InputMissing: The day's trades were never materialized.
        """
        trades = self._input(AGG_TRADES, day)
        sources = {trades.asset: trades.data_version}
        if current := self._current(VOLUME_BUCKETS, day, sources):
            return current
        if not trades.published:
            return self._absent(VOLUME_BUCKETS, day, trades.reason, sources)
        return self._publish(VOLUME_BUCKETS, day, self.buckets(day), sources, {})

    def publish_signals(self, day: date) -> Entry:
        """Publish a day of signals.

        Raises:
            InputMissing: The day's own inputs were never materialized.
        """
        buckets = Manifest(self.lake).find(self.asset(VOLUME_BUCKETS), day)
        if buckets is None:
            raise InputMissing(
                f"{self.asset(SIGNALS)} of {day} needs {self.asset(VOLUME_BUCKETS)} of that day: it was never "
                "materialized. Materialize it first, or together with this asset."
            )
        for one in SIGNALS.inputs_on(self.listing.market):
            if one.product.dataset is not None:
                self._input(one.product.dataset, day)
        sources = sources_of(Manifest(self.lake), SIGNALS, self.listing, day)
        if current := self._current(SIGNALS, day, sources):
            return current
        if not buckets.published:
            return self._absent(SIGNALS, day, buckets.reason, sources)
        return self._publish(SIGNALS, day, self.signals(day), sources, self._history(day))

    def buckets(self, day: date) -> pl.DataFrame:
        """Volume buckets of a day, see `volume_buckets.SCHEMA`."""
        spec = specification(self.listing, day)
        contract = spec.contract_size if spec.is_inverse else None
        trades = read_day(self.lake, catalog_asset(AGG_TRADES, self.listing), day, _TRADE_COLUMNS)
        return volume_buckets(trades, self.parameters.vol_bucket_size, contract_size=contract)

    def signals(self, day: date) -> pl.DataFrame:
        """Signals of a day, see `table.signal_table`."""
        yesterday = day - timedelta(1)
        today = self._buckets_of(day)
        reach = self.parameters.rv_window_minutes * 60 * NS_PER_SECOND
        start = day_start_ns(day)
        inputs = SignalInputs(
            start_ns=start,
            buckets=today,
            before=self._buckets_of(yesterday) if self._has_trades(yesterday) else today.clear(),
            trades=self._frames(AGG_TRADES, day, ("price", "ts_event", "trade_id"), start - reach),
            depth=self._frames(BOOK_DEPTH, day, ("ts_init", Role.BAND_EDGE, Role.BAND_NOTIONAL)),
            open_interest=self._frames(METRICS, day, ("ts_init", Role.OPEN_INTEREST)),
        )
        return signal_table(inputs, self.parameters)

    def parameters_digest(self) -> str:
        """Identity of the parameters."""
        return digest_of(self.parameters.model_dump(mode="json"))

    def _buckets_of(self, day: date) -> pl.DataFrame:
        """Published buckets where they were made with our parameters, computed ones otherwise."""
        entry = Manifest(self.lake).find(self.asset(VOLUME_BUCKETS), day)
        if entry and entry.published and entry.facts.get("parameters") == self.parameters_digest():
            return read_day(self.lake, self.asset(VOLUME_BUCKETS), day)
        return self.buckets(day)

    def _has_trades(self, day: date) -> bool:
        entry = Manifest(self.lake).find(catalog_asset(AGG_TRADES, self.listing), day)
        return entry is not None and entry.published

    def _frames(self, dataset: Dataset, day: date, columns: tuple[str, ...], since_ns: int = 0) -> pl.DataFrame:
        """The day and those that it looks back on, as far as they are published."""
        manifest = Manifest(self.lake)
        asset = catalog_asset(dataset, self.listing)
        frames = []
        for at in days_between(day - timedelta(SIGNALS.days_back(dataset.catalog_name)), day):
            entry = manifest.find(asset, at) if self.listing.market in dataset.columns else None
            if entry is not None and entry.published:
                frame = read_by_role(self.lake, dataset, self.listing, at, columns)
                frames.append(frame.filter(pl.col("ts_event") >= since_ns) if since_ns else frame)
        return pl.concat(frames) if frames else _no_rows(columns)

    def _input(self, dataset: Dataset, day: date) -> Entry:
        asset = catalog_asset(dataset, self.listing)
        entry = Manifest(self.lake).find(asset, day)
        if entry is None:
            raise InputMissing(
                f"Signals of {self.listing} of {day} need {asset} of that day: it was never materialized. "
                "Materialize it first, or together with the signals."
            )
        return entry

    def _current(self, product: Product, day: date, sources: dict[str, str]) -> Entry | None:
        return Manifest(self.lake).is_current(self.asset(product), day, sources, self.recipe)

    def _history(self, day: date) -> dict[str, Any]:
        """What is there of the days before: whether the scores were warm at midnight, and what was left out."""
        inputs = input_entries(Manifest(self.lake), SIGNALS, self.listing, day)
        before = {name: entry for name, entry in inputs.items() if "@" in name}
        has = [name.partition("@")[0] for name, entry in before.items() if entry is not None and entry.published]
        return {
            "yesterday": self.asset(VOLUME_BUCKETS) in has,
            "open_interest_days_before": has.count(catalog_asset(METRICS, self.listing)),
            "left_out": sorted(name for name, entry in before.items() if entry is None),
        }

    def _publish(
        self, product: Product, day: date, frame: pl.DataFrame, sources: dict[str, str], history: dict[str, Any]
    ) -> Entry:
        relative = product.file(self.listing, day.isoformat())
        with self.lake.publishing(relative) as staged:
            frame.write_parquet(staged, compression="zstd", compression_level=1)
            digest, size = sha256_of(staged), staged.stat().st_size
        return Manifest(self.lake).record(
            Entry(
                asset=self.asset(product),
                day=day.isoformat(),
                published=True,
                recipe=self.recipe,
                file=relative,
                sha256=digest,
                bytes=size,
                rows=frame.height,
                sources=sources,
                counts=_counts(frame),
                facts={
                    "parameters": self.parameters_digest(),
                    "first_ns": frame["ts_event"][0] if frame.height else None,
                    "last_ns": frame["ts_event"][-1] if frame.height else None,
                    **history,
                },
            )
        )

    def _absent(self, product: Product, day: date, reason: str, sources: dict[str, str]) -> Entry:
        entry = Manifest(self.lake).record(
            Entry(
                asset=self.asset(product),
                day=day.isoformat(),
                published=False,
                reason=reason,
                recipe=self.recipe,
                sources=sources,
                facts={"parameters": self.parameters_digest()},
            )
        )
        self.lake.remove(product.file(self.listing, day.isoformat()))
        return entry


def _counts(frame: pl.DataFrame) -> dict[str, int]:
    return {f"without_{name}": frame[name].null_count() for name in ("ldr", "oi_z") if name in frame.columns}


def _no_rows(columns: tuple[str, ...]) -> pl.DataFrame:
    types: dict[str, pl.DataType | type[pl.DataType]] = {
        "ts_event": pl.UInt64,
        "ts_init": pl.UInt64,
        "trade_id": pl.String,
    }
    return pl.DataFrame(schema={name: types.get(name, pl.Decimal(38, 16)) for name in columns})
