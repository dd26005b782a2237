"""Signals of a result made anew from the raw files, and held against the published ones.

Everything between is made anew too, in a folder that is thrown away: catalog, buckets, look-back. Raw files are those
whose digests the manifest has; they are linked and not copied.
"""

import os
from collections.abc import Mapping
from datetime import date
from tempfile import TemporaryDirectory

import polars as pl

from phoenix_core.catalog.store import catalog_asset, convert_day, read_day
from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, METRICS
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing, day_from_text
from phoenix_core.products import SIGNALS
from phoenix_core.raw.store import raw_asset
from phoenix_core.signals.days import SignalDays
from phoenix_core.storage import Lake
from phoenix_core.verification.difference import Check, differences

NAME = "signals"
_DATASETS = (AGG_TRADES, BOOK_DEPTH, METRICS)


def check_signals(lake: Lake, listing: Listing, days: list[date], inputs: Mapping[str, str]) -> Check:
    """Recompute the published signals of days.

    Args:
        lake: The data folder.
        listing: Market and symbol.
        days: Days of the result.
        inputs: Data versions that the result was made from, by `asset@day`.

    Raises:
        InputMissing: A raw day is gone.
        PhoenixError: What reading and converting raise.
    """
    rows, found, left_out = 0, [], []
    for day in days:
        asset = SIGNALS.asset(listing)
        entry = Manifest(lake).find(asset, day)
        if entry is None or entry.data_version != inputs.get(f"{asset}@{day}"):
            left_out.append(f"{day}: the signals that the result used were made anew since, or are gone")
        elif entry.facts.get("parameters") != SignalDays(lake, listing).parameters_digest():
            left_out.append(f"{day}: published with other parameters than this version's")
        else:
            published = read_day(lake, asset, day)
            rows += published.height
            recomputed = _recomputed(lake, listing, day, entry)
            label = ("bucket", "ts_init")
            found += [f"{day}: {one}" for one in differences(published, recomputed, label)]
    return Check(NAME, rows, tuple(found), tuple(left_out))


def _recomputed(lake: Lake, listing: Listing, day: date, entry: Entry) -> pl.DataFrame:
    """Signals of a day from the raw days that the published ones were made from, and no others."""
    by_asset = {catalog_asset(dataset, listing): dataset for dataset in _DATASETS}
    lake.staging.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=lake.staging) as folder:
        scratch = Lake.at(folder)
        for name in entry.sources:
            asset, _, of = name.partition("@")
            if asset in by_asset:  # buckets are made from trades
                source = day_from_text(of) if of else day
                _link(lake, scratch, raw_asset(by_asset[asset], listing), source)
                convert_day(scratch, by_asset[asset], listing, source)
        return SignalDays(scratch, listing).signals(day)


def _link(lake: Lake, scratch: Lake, asset: str, day: date) -> None:
    """Record a raw day in another folder, its file linked; whether it is what was published is seen when it is read."""
    entry = Manifest(lake).find(asset, day)
    if entry is None:
        return
    if entry.published and not os.path.isabs(entry.file):  # noqa: PTH117 - a name in an entry, no path yet
        linked = scratch.path(entry.file)
        linked.parent.mkdir(parents=True, exist_ok=True)
        if not linked.exists():  # a month's file has many days
            os.link(lake.path(entry.file), linked)
    Manifest(scratch).record(entry)
