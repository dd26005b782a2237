"""Day files of the catalog: made from raw zips, published whole, verified before they are read.

convert_day(lake, dataset, listing, day)      zip → one parquet file named by the whole day
read_day(lake, asset, day)                    → Polars, exact decimals, no NautilusTrader needed
read_arrow(lake, asset, day)                  → the same as Arrow
nautilus_catalog(lake)                        → NautilusTrader's own class over the same files
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from phoenix_core.catalog.convert import Conversion, to_catalog
from phoenix_core.catalog.frames import frame_from_arrow
from phoenix_core.catalog.recipe import catalog_recipe, derived_recipe
from phoenix_core.catalog.row_groups import in_groups
from phoenix_core.columns import Role
from phoenix_core.datasets import AGG_TRADES, CatalogType, Dataset
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import DAY_NS, Listing, day_start_ns
from phoenix_core.products import INSTRUMENT, asset_name
from phoenix_core.raw.store import is_published_zip, raw_asset
from phoenix_core.raw.unchanged import require_unchanged, state_of
from phoenix_core.sources.binance.keys import key_from_path
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_core.tables.ahead import ahead
from phoenix_core.tables.read import DayTable
from phoenix_core.tables.rules import Counts

if TYPE_CHECKING:
    from nautilus_trader.persistence.catalog import ParquetDataCatalog


Passing = Callable[[Iterator[pa.Table]], Iterator[pa.Table]]


def _unseen(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    return tables


def catalog_asset(dataset: Dataset, listing: Listing) -> str:
    """Name of the catalog asset of a dataset, `market/symbol/name`."""
    return asset_name(listing, dataset.catalog_name)


def day_file(kind: str, identifier: str, day: date) -> str:
    """Where NautilusTrader looks for a day below the data folder; the name covers the whole day."""

    def stamp(ns: int) -> str:
        seconds, fraction = divmod(ns, 1_000_000_000)
        moment = str(pl.select(pl.from_epoch(pl.lit(seconds), "s").dt.strftime("%Y-%m-%dT%H-%M-%S")).item())
        return f"{moment}-{fraction:09d}Z"

    start = day_start_ns(day)
    return f"catalog/data/{kind}/{identifier}/{stamp(start)}_{stamp(start + DAY_NS - 1)}.parquet"


def convert_day(lake: Lake, dataset: Dataset, listing: Listing, day: date, seen: Passing = _unseen) -> Entry:
    """Convert one raw day and publish it; a day that is already there, whole and current, is left alone.

    Args:
        lake: The data folder.
        dataset: Which dataset.
        listing: Market and symbol.
        day: Which day.
        seen: Given the day's tables as they are written, and gives the same: whoever wants to look at all rows needs
            no reading of the file. It is called again where rows turn out to come out of order.

    Raises:
        InputMissing: The raw day was never materialized.
        PhoenixError: What reading and converting raise; the catalog stays as it was.
    """
    manifest = Manifest(lake)
    asset = catalog_asset(dataset, listing)
    raw = manifest.find(raw_asset(dataset, listing), day)
    if raw is None:
        raise InputMissing(
            f"{asset} of {day} needs {raw_asset(dataset, listing)} of that day: expected it materialized, found "
            "no record of it. Materialize it first, or together with this asset."
        )
    sources = {raw.asset: raw.data_version}
    recipe = catalog_recipe(dataset, listing)
    if current := manifest.is_current(asset, day, sources, recipe):
        return current
    conversion = Conversion(dataset, specification(listing, day), 0, Counts())
    if not raw.published:
        return _record_absent(manifest, asset, conversion, day, raw.reason, sources)
    before = state_of(Path(raw.file)) if raw.is_foreign else None
    table = DayTable(
        path := manifest.fetch(raw),
        key_from_path(raw.facts["key"]),
        dataset,
        (day, day),
        lake.scratch,
        conversion.counts,
        is_published=is_published_zip(raw),
    )
    relative = day_file(dataset.catalog_type.value, conversion.identifier, day)
    with lake.publishing(relative) as staged:
        facts = table.consume(lambda batches: _write(staged, _converted(batches, table, conversion), seen))
        if raw.is_foreign:
            require_unchanged(path, before)
        rows = _counted(staged, conversion)
        digest, size = sha256_of(staged), staged.stat().st_size
        if not rows:
            staged.unlink()  # NautilusTrader skips an empty file in silence; the manifest says it instead
    if not rows:
        reason = f"empty: {table.name} holds no row of {day}"
        return _record_absent(manifest, asset, conversion, day, reason, sources)
    return manifest.record(
        Entry(
            asset=asset,
            day=day.isoformat(),
            published=True,
            recipe=recipe,
            file=relative,
            sha256=digest,
            bytes=size,
            rows=rows,
            sources=sources,
            counts=dict(sorted(conversion.counts.items())),
            facts={
                **table.facts,
                **facts,
                "price_precision": conversion.price_precision,
                "size_precision": conversion.size_precision,
                "verified": raw.facts.get("verified", False),
            },
        )
    )


def record_instrument(lake: Lake, listing: Listing, day: date) -> Entry:
    """Publish the instrument as it was on a day.

    For instruments without an entry, tick and step are read off the day's aggregate trades.
    """
    from phoenix_core.catalog import instruments  # noqa: PLC0415 - brings NautilusTrader, 280 MB

    manifest = Manifest(lake)
    asset = INSTRUMENT.asset(listing)
    spec = specification(listing, day)
    trades = catalog_asset(AGG_TRADES, listing)
    found = manifest.find(trades, day) if spec.inferred else None
    sources = {trades: found.data_version} if found else {}
    recipe = derived_recipe(INSTRUMENT, listing)
    if current := manifest.is_current(asset, day, sources, recipe):
        return current
    if found is not None and found.published:
        ticks = read_day(lake, trades, day, columns=("price", "size"))
        spec = instruments.inferred(spec, ticks["price"], ticks["size"])
    table = instruments.instrument_table(spec, day)
    relative = day_file(instruments.folder(table), spec.instrument_id, day)
    with lake.publishing(relative) as staged:
        pq.write_table(table, staged, write_page_checksum=True)
        digest, size = sha256_of(staged), staged.stat().st_size
    return manifest.record(
        Entry(
            asset=asset,
            day=day.isoformat(),
            published=True,
            recipe=recipe,
            file=relative,
            sha256=digest,
            bytes=size,
            rows=1,
            sources=sources,
            facts={
                "instrument_id": spec.instrument_id,
                "tick": str(spec.tick),
                "step": str(spec.step),
                "price_precision": spec.price_precision,
                "size_precision": spec.size_precision,
                "inferred": spec.inferred,
                "valid_from": spec.valid_from.isoformat(),
                "assumed": spec.assumed,
                "source": spec.source,
            },
        )
    )


def read_day(lake: Lake, asset: str, day: date, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read one published day, verified, with exact decimals.

    Args:
        lake: The data folder.
        asset: `market/symbol/name` of a catalog or signals asset.
        day: Which day.
        columns: Names to read; all by default.

    Returns:
        Times are UInt64 or Int64 nanoseconds, prices and sizes Decimal(38, 16).

    Raises:
        InputMissing: The day is not published.
        CatalogCorrupt: The file is not what was published.
    """
    return read_file(verified_file(lake, asset, day), columns)


def read_file(path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a verified parquet file; see `read_day`."""
    with pq.ParquetFile(
        path
    ) as file:  # not `read_table`, which looks for a data set first: a third of the time of a day
        return frame_from_arrow(file.read(None if columns is None else list(columns)))


def read_by_role(lake: Lake, dataset: Dataset, listing: Listing, day: date, columns: Sequence[str]) -> pl.DataFrame:
    """Read some columns of a published day like `read_day`, those kept as published under the names of their roles.

    Args:
        lake: The data folder.
        dataset: Whose catalog days.
        listing: Market and symbol.
        day: Which day.
        columns: Roles of columns that are kept as published, and names of NautilusTrader's own.
    """
    names = _names_of_roles(dataset, columns)
    return read_day(lake, catalog_asset(dataset, listing), day, list(names)).rename(names)


def read_days_by_role(
    lake: Lake, dataset: Dataset, entries: Sequence[Entry], columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Read published days like `read_by_role`, by their entries; files that are elsewhere are fetched together.

    Raises:
        CatalogCorrupt: A file is not what was published.
    """
    names = _names_of_roles(dataset, columns)
    for path in Manifest(lake).fetch_many(entries):
        yield read_file(path, list(names)).rename(names)


def _names_of_roles(dataset: Dataset, columns: Sequence[str]) -> dict[str, str]:
    return {dataset.column(one).name if isinstance(one, Role) else one: str(one) for one in columns}


def read_arrow(lake: Lake, asset: str, day: date, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one published day as Arrow, decimals as decimal128(38, 16); see `read_day`."""
    return read_day(lake, asset, day, columns).to_arrow()


def verified_file(lake: Lake, asset: str, day: date) -> Path:
    """A file of this machine with a published day, its bytes compared with the manifest.

    Raises:
        InputMissing: The day is not published.
        CatalogCorrupt: The file is not what was published.
    """
    manifest = Manifest(lake)
    entry = manifest.find(asset, day)
    if entry is None or not entry.published:
        why = f"it was never materialized{manifest.hint(asset)}" if entry is None else entry.reason
        raise InputMissing(f"{asset} has no file for {day}: {why}. Materialize it, or leave the day out.")
    return manifest.fetch(entry)


def nautilus_catalog(lake: Lake, options: Mapping[str, str] | None = None) -> "ParquetDataCatalog":
    """NautilusTrader's own catalog over our files, with our custom types registered.

    It lists and reads by itself: nothing that it reads is compared with the manifest.

    Args:
        lake: The data folder.
        options: Of a bucket, for the reader of ticks, which looks at no `AWS_*` variables: `access_key_id`,
            `secret_access_key`, `region`, and perhaps `endpoint_url` and `allow_http`. Without them it takes the role
            of the machine.

    Raises:
        ConfigInvalid: No library can read this store by itself.
    """
    from nautilus_trader.persistence.catalog import ParquetDataCatalog  # noqa: PLC0415 - 280 MB

    from phoenix_core.catalog import schemas  # noqa: PLC0415 - brings NautilusTrader

    schemas.register()
    at = lake.directory("catalog")
    catalog = ParquetDataCatalog(at.path)
    if at.filesystem is not None:
        # Its constructor would look for s3fs, of which 1.231 can't open the current releases by URL.
        catalog.path, catalog.fs_protocol, catalog.fs = at.path, at.protocol, at.filesystem
        catalog.fs_rust_storage_options = dict(options or {})
    return catalog


def _converted(batches: Iterator[pl.DataFrame], table: DayTable, conversion: Conversion) -> Iterator[pa.Table]:
    conversion.latest_known = 0
    for batch in batches:
        if conversion.dataset.catalog_type is CatalogType.OPEN_INTEREST or conversion.dataset.known_after_ns:
            conversion.known_after_ns = table.known_after_ns()
        yield to_catalog(batch, conversion)


def encoding(schema: pa.Schema) -> dict[str, Any]:
    """How columns are written: differences of times and ids, dictionaries of prices and sizes.

    Of two million quotes, 0.4 times the bytes and half the time of the library's defaults, and smaller
    than the published zip (docs/decisions/0005).
    """
    deltas = {field.name: "DELTA_BINARY_PACKED" for field in schema if pa.types.is_integer(field.type)}
    deltas |= {field.name: "DELTA_BYTE_ARRAY" for field in schema if field.name == "trade_id"}
    deltas.pop("aggressor_side", None)
    return {
        "compression": "lz4",
        "write_page_checksum": True,
        "write_statistics": ["ts_event", "ts_init"],  # what readers skip row groups by
        "use_dictionary": [field.name for field in schema if field.name not in deltas],
        "column_encoding": deltas,
    }


def _write(path: Path, tables: Iterator[pa.Table], seen: Passing) -> dict[str, Any]:
    writer: pq.ParquetWriter | None = None
    first = last = None
    try:
        for table in seen(in_groups(ahead(tables))):
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema, **encoding(table.schema))
                first = table["ts_event"][0].as_py()
            last = table["ts_event"][-1].as_py()
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        path.touch()
    return {"first_ns": first, "last_ns": last}


def _counted(staged: Path, conversion: Conversion) -> int:
    """Read back how many rows are in the file, and hold them against the counts."""
    counts = conversion.counts
    rows = pq.read_metadata(staged).num_rows if staged.stat().st_size else 0
    if rows != counts["kept"] or not counts.balanced():
        raise CatalogCorrupt(
            f"{conversion.dataset.name}: rows do not add up: {rows} in the file, counted {dict(counts)}. "
            "Nothing was published; this is a defect of Phoenix."
        )
    return int(rows)


def _record_absent(
    manifest: Manifest, asset: str, conversion: Conversion, day: date, reason: str, sources: dict[str, str]
) -> Entry:
    listing = conversion.specification.listing
    entry = manifest.record(
        Entry(
            asset=asset,
            day=day.isoformat(),
            published=False,
            reason=reason,
            recipe=catalog_recipe(conversion.dataset, listing),
            sources=sources,
            counts=dict(sorted(conversion.counts.items())),
        )
    )
    manifest.lake.remove(day_file(conversion.dataset.catalog_type.value, conversion.identifier, day))
    return entry
