"""How often the true best quotes lie outside the hull of the trades around: counted on days that have both."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl

from phoenix_core.catalog.quality import frames
from phoenix_core.catalog.recipe import derived_recipe
from phoenix_core.catalog.store import catalog_asset, read_day
from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER
from phoenix_core.errors import InputMissing
from phoenix_core.instruments.table import specification
from phoenix_core.intervals.interval import Calibration
from phoenix_core.intervals.prints import COLUMNS, SCALE, Ints, Prints, scaled
from phoenix_core.lineage import sources_of
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import NS_PER_SECOND, Listing, day_from_text
from phoenix_core.products import INSTRUMENT, QUOTE_HULL
from phoenix_core.storage.digests import canonical_json, sha256_of
from phoenix_core.storage.lake import Lake

STEP_NS = NS_PER_SECOND // 20
_HALF_NS = NS_PER_SECOND // 2000  # between milliseconds, as orders arrive
_LAST_DAYS = 5


def calibrate_day(lake: Lake, listing: Listing, day: date) -> Entry:
    """Count the samples of a day in which the hull missed, and publish the shares.

    Raises:
        InputMissing: Trades or quotes of the day were never materialized.
        CatalogCorrupt: A file is not what was published.
    """
    manifest, asset = Manifest(lake), QUOTE_HULL.asset(listing)
    trades, quotes = (_input(manifest, catalog_asset(one, listing), day) for one in (AGG_TRADES, BOOK_TICKER))
    sources, recipe = sources_of(manifest, QUOTE_HULL, listing, day), derived_recipe(QUOTE_HULL, listing)
    if current := manifest.is_current(asset, day, sources, recipe):
        return current
    entry = Entry(asset=asset, day=day.isoformat(), published=False, recipe=recipe, sources=sources)
    if lacking := [one for one in (trades, quotes) if not one.published]:
        return manifest.record(replace(entry, reason=lacking[0].reason))
    tape = Prints.of([read_day(lake, trades.asset, day, COLUMNS)], tick_of(lake, listing, day))
    found = violations(day.isoformat(), tape, frames(lake, quotes, ("ts_init", "bid_price", "ask_price")))
    if found is None:
        return manifest.record(replace(entry, reason=f"trades and quotes of {listing} on {day} do not overlap"))
    content = canonical_json(asdict(found) | {"margin_ms": tape.margin_ns // 1_000_000})
    relative = f"{QUOTE_HULL.name}/{listing.path}/{day}.json"
    lake.write(relative, content)
    digest = sha256_of(content)
    return manifest.record(
        replace(entry, published=True, file=relative, sha256=digest, bytes=len(content), rows=1, facts=asdict(found))
    )


def violations(day: str, tape: Prints, quotes: Iterable[pl.DataFrame]) -> Calibration | None:
    """Hold true quotes against the hull, every 50 ms while both sides trade and quotes are known.

    Args:
        day: Name of the day.
        tape: Its trades.
        quotes: ts_init, bid_price and ask_price in order, in batches.

    Returns:
        None without a sample.
    """
    if not tape.is_two_sided:
        return None
    # Before the first trade of a side, and after the last, nothing bounds that side.
    first = max(tape.sales.ts[0], tape.purchases.ts[0])
    last = min(tape.sales.ts[-1], tape.purchases.ts[-1])
    missed = np.zeros(4, np.int64)
    for times, bids, asks in _sampled(quotes, int(first), int(last)):
        low, high = tape.bids(times, times)
        bid = (bids < low) | (bids > high)
        # The hull bounds bids, and an ask is taken to be a tick above one: so it is judged by its price less a tick.
        ask = (asks - tape.tick < low) | (asks - tape.tick > high)
        missed += np.array([times.size, bid.sum(), ask.sum(), (bid | ask).sum()])
    samples, *shares = (int(count) for count in missed)
    return Calibration(day, samples, *(share / samples for share in shares)) if samples else None


def _sampled(quotes: Iterable[pl.DataFrame], first: int, last: int) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Instants of the grid with the quote in force at each; a batch's last quote holds until the next batch begins."""
    times = np.arange(first // STEP_NS * STEP_NS + STEP_NS + _HALF_NS, last, STEP_NS, dtype=np.int64)
    held: pl.DataFrame | None = None
    done = 0  # instants before this one are over
    for frame in quotes:
        ts = frame["ts_init"].cast(pl.Int64).to_numpy()
        begin, end = (int(place) for place in np.searchsorted(times, ts[[0, -1]]))
        if held is not None and done < begin:
            yield _at(times[done:begin], held, np.zeros(begin - done, np.int64))
        within = times[begin:end]
        yield _at(within, frame, np.searchsorted(ts, within, side="right") - 1)
        held, done = frame.tail(1), end
    if held is not None:
        yield _at(times[done:], held, np.zeros(times.size - done, np.int64))


def _at(times: Ints, quotes: pl.DataFrame, known: Ints) -> tuple[Ints, Ints, Ints]:
    """Prices of the quotes at these places. A fifth of all quotes are asked for, so none is converted before."""
    return times, scaled(quotes["bid_price"].gather(known)), scaled(quotes["ask_price"].gather(known))


def calibrations(lake: Lake, listing: Listing, first: date, last: date) -> tuple[list[Calibration], dict[str, str]]:
    """What was counted on the days of a range; where on none of them, on the last ones before it.

    Returns:
        Calibrations in the order of days, and the data versions of their entries by `asset@day`.
    """
    manifest, asset = Manifest(lake), QUOTE_HULL.asset(listing)
    known = sorted(day_from_text(key.day) for key in manifest.recorded(asset))
    entries = [entry for entry in manifest.find_days(asset, known).values() if entry.published]
    within = [one for one in entries if first.isoformat() <= one.day <= last.isoformat()]
    chosen = within or [one for one in entries if one.day < first.isoformat()][-_LAST_DAYS:]
    versions = {f"{asset}@{one.day}": one.data_version for one in chosen}
    return [Calibration(**one.facts) for one in chosen], versions


def tick_of(lake: Lake, listing: Listing, day: date) -> int:
    """The instrument's tick on a day as an integer of 1 / `SCALE`."""
    spec = specification(listing, day)
    entry = Manifest(lake).find(INSTRUMENT.asset(listing), day) if spec.inferred else None
    return int((spec.tick if entry is None else Decimal(entry.facts["tick"])) * SCALE)


def _input(manifest: Manifest, asset: str, day: date) -> Entry:
    entry = manifest.find(asset, day)
    if entry is None:
        raise InputMissing(
            f"{asset} of {day} is needed to count violations: it was never materialized. Materialize it."
        )
    return entry
