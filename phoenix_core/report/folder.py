"""The page of a result that lies in a folder of the data folder: what is read for it, and by which digest."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from phoenix_core.backtest.capacity_curve import FILE, Point
from phoenix_core.backtest.envelope import FILE as ENVELOPE
from phoenix_core.backtest.envelope import Envelope
from phoenix_core.backtest.shuffled import FILE as SHUFFLED
from phoenix_core.catalog.store import read_file
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.market import Listing, day_from_text, day_of_ns
from phoenix_core.report.page import report_page
from phoenix_core.report.parameters import parameters
from phoenix_core.report.result import PublishedResult
from phoenix_core.storage.digests import digest_of
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.contract import shown_of
from phoenix_core.sweeps.choices import choices, in_sample
from phoenix_core.synthetic.files import NOTICE_BYTES, is_synthetic

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
    of = document["identity"]
    return PublishedResult(
        folder=lake.name(location),
        document=document,
        equity=table_in(lake, location, "equity", document),
        fills=fills,
        round_trips=table_in(lake, location, "positions", document),
        ledger=table_in(lake, location, "ledger", document),
        signals=signals,
        signals_absent=why,
        is_synthetic=any(is_made_up(lake, file) for file in document["zips"]),
        capacity=_beside(lake, location, FILE, of, _points) or (),
        envelope=_beside(lake, location, ENVELOPE, of, Envelope.parse),
        shuffled=_beside(lake, location, SHUFFLED, of, _nets) or (),
        in_sample=_in_sample(lake, document["experiment"]),
    )


def document_in(lake: Lake, location: str) -> dict[str, Any]:
    """What `experiment.json` of a result says.

    Raises:
        InputMissing: There is no result.
    """
    folder = lake.name(location)
    try:
        document: dict[str, Any] = json.loads(lake.read(f"{folder}/experiment.json"))
    except FileNotFoundError:
        raise InputMissing(
            f"{lake.address(folder)} holds no backtest: expected experiment.json. Materialize the backtest first."
        ) from None
    return document


def table_in(lake: Lake, location: str, name: str, document: Mapping[str, Any]) -> pl.DataFrame:
    """A table of a result, by the digest that its document gives.

    Raises:
        CatalogCorrupt: It is not what was published.
    """
    file = f"{name}.parquet"
    try:
        return pl.read_parquet(lake.fetch(f"{lake.name(location)}/{file}", document["files"][file]))
    except CatalogCorrupt as error:
        raise CatalogCorrupt(f"{error}. Materialize the backtest again.") from error


def is_made_up(lake: Lake, file: str) -> bool:
    """Whether the trades were made up; a file that is gone says nothing, and people's own are not of our making."""
    if PurePosixPath(file).is_absolute():
        return False
    try:
        return is_synthetic(lake.tail(file, NOTICE_BYTES))
    except FileNotFoundError:
        return False


def _in_sample(lake: Lake, experiment: Mapping[str, Any]) -> str:
    first, last = (day_from_text(experiment[end]) for end in ("first", "last"))
    found = in_sample(choices(lake, Listing.parse(experiment["listing"])), first, last)
    return found.told if found else ""


def _beside[Kept](
    lake: Lake, location: str, name: str, of: str, read: Callable[[Mapping[str, Any]], Kept]
) -> Kept | None:
    """What a command left beside a result; None: it left nothing, or that is of an earlier result.

    Args:
        lake: The data folder.
        location: Folder of the result.
        name: The file's name.
        of: Identity of the result.
        read: What its content is; raises ValueError, TypeError or KeyError where it is not what was written.

    Raises:
        CatalogCorrupt: It is not what was written.
    """
    file = f"{lake.name(location)}/{name}"
    try:
        content = json.loads(lake.read(file))
        return read(content) if content["of"] == of else None
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise CatalogCorrupt(
            f"{lake.address(file)} is not what was written, or can't be read: {error!r}. {_AGAIN[name]} again."
        ) from error


_AGAIN = {FILE: "Run phoenix capacity", ENVELOPE: "Run phoenix envelope", SHUFFLED: "Materialize the backtest"}


def _points(curve: Mapping[str, Any]) -> tuple[Point, ...]:
    return tuple(Point(**point) for point in _digested(curve, "points"))


def _nets(shuffled: Mapping[str, Any]) -> tuple[float, ...]:
    return tuple(_digested(shuffled, "nets"))


def _digested(content: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    if content["digest"] != digest_of([content["of"], content[name]]):
        raise ValueError("it is not what was written")
    return content[name]


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
    keys = [Key(asset, day.isoformat()) for day in sorted({day_of_ns(ts) for ts in fills["ts"]})]
    manifest = Manifest(lake)
    entries = dict(manifest.examined(keys))
    near, gone = [], []
    for key in keys:
        entry = entries.get(key)
        used = document["inputs"].get(f"{asset}@{key.day}")
        try:
            if not isinstance(entry, Entry) or not entry.published or entry.data_version != used:
                gone.append(key.day)
                continue
            near.append(_near(read_file(manifest.fetch(entry)), fills["ts"], shown))
        except CatalogCorrupt:
            gone.append(key.day)
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
