"""The page of a result that lies in a folder of the data folder: what is read for it, and by which digest."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from phoenix_core.backtest.capacity_curve import FILE, Point
from phoenix_core.catalog.store import read_day
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing, day_of_ns
from phoenix_core.report.page import report_page
from phoenix_core.report.parameters import parameters
from phoenix_core.report.result import PublishedResult
from phoenix_core.storage import Lake, digest_of, sha256_of
from phoenix_core.strategies.contract import shown_of
from phoenix_core.synthetic.files import is_synthetic

_AROUND_NS = 600 * 1_000_000_000
_SIGNAL_ROWS = 20_000


def page_of(lake: Lake, location: str) -> str:
    """Compose the page of a published backtest.

    Args:
        lake: The data folder.
        location: Folder of the result below it, or its full path.

    Raises:
        InputMissing: There is no result.
        CatalogCorrupt: A table is not what was published.
    """
    return report_page(result_in(lake, location))


def result_in(lake: Lake, location: str) -> PublishedResult:
    """Read a published backtest, and the signals near its fills where they still are those that it used.

    Raises:
        InputMissing: There is no result.
        CatalogCorrupt: A table is not what was published.
    """
    document = document_in(lake, location)
    fills = table_in(lake, location, "fills", document)
    signals, why = _signals_near(lake, document, fills)
    return PublishedResult(
        folder=str(lake.path(location).relative_to(lake.root)),
        document=document,
        equity=table_in(lake, location, "equity", document),
        fills=fills,
        round_trips=table_in(lake, location, "positions", document),
        ledger=table_in(lake, location, "ledger", document),
        signals=signals,
        signals_absent=why,
        is_synthetic=any(is_synthetic(lake.path(file)) for file in document["zips"]),
        capacity=_capacity(lake, location, document),
    )


def document_in(lake: Lake, location: str) -> dict[str, Any]:
    """What `experiment.json` of a result says.

    Raises:
        InputMissing: There is no result.
    """
    described = lake.path(location) / "experiment.json"
    if not described.is_file():
        raise InputMissing(
            f"{described.parent} holds no backtest: expected experiment.json. Materialize the backtest first."
        )
    document: dict[str, Any] = json.loads(described.read_bytes())
    return document


def table_in(lake: Lake, location: str, name: str, document: Mapping[str, Any]) -> pl.DataFrame:
    """A table of a result, by the digest that its document gives.

    Raises:
        CatalogCorrupt: It is not what was published.
    """
    path = lake.path(location) / f"{name}.parquet"
    found = sha256_of(path) if path.is_file() else "no file"
    if found != document["files"][path.name]:
        raise CatalogCorrupt(f"{path} is not what was published: found {found}. Materialize the backtest again.")
    return pl.read_parquet(path)


def _capacity(lake: Lake, location: str, document: Mapping[str, Any]) -> tuple[Point, ...]:
    """The curve beside a result; none where there is none, or where it is that of an earlier result.

    Raises:
        CatalogCorrupt: It is not what was written.
    """
    path = lake.path(location) / FILE
    if not path.is_file():
        return ()
    try:
        curve = json.loads(path.read_bytes())
        of, points = curve["of"], curve["points"]
        if curve["digest"] != digest_of([of, points]):
            raise CatalogCorrupt(f"{path} is not what was written. Run phoenix capacity again.")
        return tuple(Point(**point) for point in points) if of == document["identity"] else ()
    except (ValueError, TypeError, KeyError) as error:
        raise CatalogCorrupt(f"{path} can't be read: {error!r}. Run phoenix capacity again.") from error


def _signals_near(lake: Lake, document: Mapping[str, Any], fills: pl.DataFrame) -> tuple[pl.DataFrame | None, str]:
    """Published signals within ten minutes of a fill, or why there are none.

    Those of other parameters were computed for the run alone; those that were made again since are not
    what the strategy saw.
    """
    chosen, panels = parameters(document["experiment"]), shown_of(document["experiment"]["strategy"]).panels
    shown = [name for panel in panels for name, _ in panel.lines]
    if not all(one.is_default for one in chosen if one.name.startswith("signals.")):
        return None, "The experiment chose its own signal parameters: its signals were computed for it and not kept."
    if fills.is_empty() or not shown:
        return None, ""
    asset = f"{Listing.parse(document['experiment']['listing']).path}/signals"
    days = sorted({day_of_ns(ts) for ts in fills["ts"]})
    near, gone = [], []
    for day in days:
        try:
            entry = Manifest(lake).find(asset, day)
            if entry is None or entry.data_version != document["inputs"].get(f"{asset}@{day}"):
                gone.append(day.isoformat())
                continue
            near.append(_near(read_day(lake, asset, day), fills["ts"], shown))
        except (InputMissing, CatalogCorrupt):
            gone.append(day.isoformat())
    why = f"No longer the signals that were used, and left out: {', '.join(gone)}." if gone else ""
    return (_broken(pl.concat(near), shown), why) if near else (None, why)


def _near(signals: pl.DataFrame, fills: pl.Series, shown: Sequence[str]) -> pl.DataFrame:
    times = pl.DataFrame({"fill": fills.sort()}).with_columns(pl.col("fill").set_sorted())
    signals = signals.with_columns(pl.col("ts_init").cast(pl.Int64)).sort("ts_init")
    joined = signals.join_asof(times, left_on="ts_init", right_on="fill", strategy="nearest", tolerance=_AROUND_NS)
    return joined.filter(pl.col("fill").is_not_null()).select("ts_init", *shown)


def _broken(signals: pl.DataFrame, shown: Sequence[str]) -> pl.DataFrame:
    """A missing value breaks the line between one trade and the next."""
    breaks = pl.col("ts_init").diff() > 2 * _AROUND_NS
    values = [pl.when(breaks).then(None).otherwise(pl.col(name)).alias(name) for name in shown]
    found = signals.select("ts_init", *values)
    return found if found.height <= _SIGNAL_ROWS else found.gather_every(-(-found.height // _SIGNAL_ROWS))
