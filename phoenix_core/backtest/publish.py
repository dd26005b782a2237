"""Write what an experiment gave, and record it."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import polars as pl

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.ledger import Parts
from phoenix_core.backtest.recipe import backtest_recipe
from phoenix_core.backtest.result import Result
from phoenix_core.backtest.revision import note_revision
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.execution.orders import Sent
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing, day_of_ns
from phoenix_core.raw.store import raw_asset
from phoenix_core.storage.digests import canonical_json, digest_of, sha256_of
from phoenix_core.storage.lake import Lake

if TYPE_CHECKING:
    from phoenix_core.backtest.portfolio.portfolio import Portfolio


def publish(lake: Lake, result: Result, *, asset: str) -> Entry:
    """Write fills, positions, ledger, equity, orders and the experiment, then record them under an asset.

    The folder is `backtests/<experiment>/<day or first_last>`; the manifest's file is `experiment.json`,
    which names the digest of each of the others. The experiment is the entry's variant: others over the
    same range have entries of their own.
    """
    experiment = result.experiment
    span = span_of(experiment)
    folder = f"backtests/{experiment.name}/{span}"
    zips = zips_of(lake, result)
    tables = {
        "fills": result.fills,
        "positions": with_zip(result.ledger.round_trips, zips),
        "ledger": result.ledger.rows,
        "equity": result.equity,
        "orders": orders_of(result),
    }
    digests = written(lake, folder, tables)
    document = {
        "experiment": experiment.model_dump(mode="json"),
        "identity": identity(result),
        "recipe": backtest_recipe(experiment),
        "inputs": result.versions,
        "zips": dict(zips.values()),
        "files": digests,
        "ruined_ns": result.insolvent_ns,
        "final_balance": str(result.final_balance),
        **told_of(result),
        **({"balances": {name: f"{value:f}" for name, value in result.balances.items()}} if result.balances else {}),
        **({"in_quote": result.in_quote} if result.in_quote else {}),
    }
    return recorded(lake, asset, f"{folder}/experiment.json", document, result.fills.height)


def told_of(result: Result) -> dict[str, Any]:
    """What a document says of a listing, whether it has the account for itself or not."""
    return {
        "days": [day.isoformat() for day in result.days],
        "missing": {day.isoformat(): why for day, why in result.missing.items()},
        "without": {day.isoformat(): list(what) for day, what in result.without.items() if what},
        "assumptions": list(result.assumptions),
        "gaps": [[gap.start_ns, gap.end_ns] for gap in result.gaps],
        "excluded_seconds": result.excluded_seconds,
        "capacity": asdict(result.capacity),
        "interval": result.interval.document() if result.interval else None,
        "orders": result.orders,
        "closed_at_end": result.closed_at_end,
        "parts": parts_as_text(result.ledger.parts),
    }


def recorded(lake: Lake, asset: str, file: str, document: Mapping[str, Any], rows: int) -> Entry:
    """Write the document of a result, whose tables are there, and record it under an asset.

    Args:
        lake: The data folder.
        asset: Under which it is found.
        file: `backtests/<what was run>/<day or first_last>/<kind>.json`; the document has what was run under that kind.
        document: With identity, recipe and inputs.
        rows: Fills.
    """
    folder, kind, content = PurePath(file).parent, PurePath(file).stem, canonical_json(document)
    entry = Entry(
        asset=asset,
        day=folder.name,
        published=True,
        variant=folder.parent.name,
        recipe=document["recipe"],
        file=file,
        sha256=sha256_of(content),
        bytes=len(content),
        rows=rows,
        sources=document["inputs"],
        facts={"identity": document["identity"], kind: document[kind], "folder": str(folder)},
    )
    note_revision(lake, entry, document)  # while the one before still stands
    lake.write(file, content)
    return Manifest(lake).record(entry)


def written(lake: Lake, folder: str, tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Write tables into a folder; give the digest of each file by its name."""
    digests = {}
    for name, table in tables.items():
        with lake.publishing(f"{folder}/{name}.parquet") as staged:
            table.write_parquet(staged, compression="zstd", compression_level=1)
            digests[f"{name}.parquet"] = sha256_of(staged)
    return digests


def parts_as_text(parts: Parts) -> dict[str, str]:
    """The parts of a PnL and their sum, exact."""
    return {name: str(getattr(parts, name)) for name in ("price", "slippage", "fees", "funding", "net")}


def record_absent(lake: Lake, experiment: Experiment, *, asset: str, reason: str) -> Entry:
    """Record that an experiment has nothing to run on, and why."""
    return Manifest(lake).record(
        Entry(
            asset=asset,
            day=span_of(experiment),
            published=False,
            reason=reason,
            variant=experiment.name,
            recipe=backtest_recipe(experiment),
            facts={"experiment": experiment.model_dump(mode="json")},
        )
    )


def identity(result: Result) -> str:
    """Digest of what was run, by which code, on which data: two results of one identity are equal."""
    return identity_of("experiment", result.experiment, backtest_recipe(result.experiment), result.versions)


def identity_of(kind: str, chosen: "Experiment | Portfolio", recipe: str, inputs: Mapping[str, str]) -> str:
    """The same of whatever kind was run."""
    return digest_of({kind: chosen.model_dump(mode="json"), "recipe": recipe, "inputs": inputs})


def zips_of(lake: Lake, result: Result) -> dict[date, tuple[str, str]]:
    """File and SHA-256 of each day's aggregate trades as published, where the manifest knows them."""
    asset = raw_asset(AGG_TRADES, Listing.parse(result.experiment.listing))
    entries = Manifest(lake).find_days(asset, result.days)
    return {day: (entry.file, entry.sha256) for day, entry in entries.items()}


def orders_of(result: Result) -> pl.DataFrame:
    """Every request as it was sent: with the zips and docs/fills.md, all that anybody needs to recompute the fills."""
    money, whole = pl.Decimal(38, 12), pl.Int64
    types: dict[Any, Any] = {
        str: pl.String,
        bool: pl.Boolean,
        int: whole,
        int | None: whole,
        Decimal: money,
        Decimal | None: money,
    }
    schema = {column.name: types[column.type] for column in fields(Sent)}
    return pl.DataFrame([asdict(one) for one in result.sent], schema=schema, orient="row")


def with_zip(round_trips: pl.DataFrame, zips: dict[date, tuple[str, str]]) -> pl.DataFrame:
    """Round trips with the zip that holds the trades of their entry's signal."""
    days = (day_of_ns(decided) for decided in round_trips["entry_decided_ns"])
    files = [zips[day][0] if day in zips else None for day in days]
    return round_trips.with_columns(pl.Series("entry_zip", files, dtype=pl.String))


def span_of(experiment: "Experiment | Portfolio") -> str:
    """Give the day, or `first_last`: how the manifest and the folders name what an experiment covers."""
    if experiment.first == experiment.last:
        return experiment.first.isoformat()
    return f"{experiment.first}_{experiment.last}"
