"""What makes a catalog day anew, and what leaves it alone."""

import json
from dataclasses import replace
from datetime import date

import pytest
from fakes.instruments import folder_with
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put_day

from phoenix_core import manifest as manifests
from phoenix_core.catalog.recipe import catalog_recipe, derived_recipe
from phoenix_core.catalog.store import convert_day, record_instrument
from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, KLINES, METRICS, LabelledBy
from phoenix_core.instruments import table
from phoenix_core.instruments.table import InstrumentTable
from phoenix_core.manifest import Key, Manifest
from phoenix_core.market import Listing, Market
from phoenix_core.products import CONSISTENCY, INSTRUMENT
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage import canonical_json, digest_of

LATER = date(2026, 11, 1)
ETH = Listing.parse("um:ETHUSDT")
DEPTH = "timestamp,percentage,depth,notional\n" + f"{DAY} 00:00:05,-1.00,10.0,700000.0\n"


@pytest.fixture
def bring(lake, tmp_path):
    """Bring and convert a day of a dataset; give its entry."""

    def bring(dataset, text):
        put_day(tmp_path / "archive", dataset, text)
        Ingest(lake, (BinanceArchive(Archive(str(tmp_path / "archive"))),), LATER).day(dataset, UM, DAY)
        return convert_day(lake, dataset, UM, DAY)

    return bring


@pytest.fixture
def constants(tmp_path, monkeypatch):
    """Use a copy of the shipped instrument file with other values of a symbol or a market."""

    def change(name, **values):
        changed = InstrumentTable.read(folder_with(tmp_path / "instruments", name, **values))
        monkeypatch.setattr(table, "shipped", lambda: changed)

    return change


def test_another_price_precision_makes_a_day_anew(lake, bring, constants):
    """As the message about a finer price promises."""
    before = bring(AGG_TRADES, AGG_HEADER + agg_rows((1, "69903.5", "5", 0, "true")))
    constants("um:BTCUSDT", price_precision=3)
    after = convert_day(lake, AGG_TRADES, UM, DAY)
    assert (before.facts["price_precision"], after.facts["price_precision"]) == (2, 3)
    assert after.data_version != before.data_version
    assert convert_day(lake, AGG_TRADES, UM, DAY) == after


def test_another_time_of_knowing_makes_a_day_anew(lake, bring):
    """Rows that were known a second later than thought must not stay as they are."""
    before = bring(BOOK_DEPTH, DEPTH)
    later = replace(BOOK_DEPTH, known_after_ns=2_000_000_000)
    assert convert_day(lake, later, UM, DAY).data_version != before.data_version


def test_another_patch_of_a_library_leaves_a_day_alone(lake, bring, monkeypatch):
    """Its version is provenance; golden digests decide whether it writes other bytes."""
    entry = bring(AGG_TRADES, AGG_HEADER + agg_rows((1, "69903.5", "5", 0, "true")))
    path = lake.path(entry.file)
    written = path.stat().st_mtime_ns
    newer = dict(manifests.versions()) | {"polars": "99.0.1"}
    monkeypatch.setattr(manifests, "versions", lambda: newer)
    assert convert_day(lake, AGG_TRADES, UM, DAY) == entry
    assert path.stat().st_mtime_ns == written


def test_fees_make_the_instrument_anew_and_no_day_of_ticks(lake, bring, constants):
    """Each product by what its own bytes depend on."""
    ticks = bring(AGG_TRADES, AGG_HEADER + agg_rows((1, "69903.5", "5", 0, "true")))
    instrument = record_instrument(lake, UM, DAY)
    constants("um", taker=0.05)
    assert convert_day(lake, AGG_TRADES, UM, DAY) == ticks
    assert record_instrument(lake, UM, DAY).data_version != instrument.data_version


def test_recipes_of_other_listings_and_datasets_stay(constants):
    """An entry concerns its own listing, a label its own market, words nobody."""
    ours = catalog_recipe(AGG_TRADES, UM), derived_recipe(INSTRUMENT, UM)
    theirs = derived_recipe(INSTRUMENT, ETH)
    constants("um:ETHUSDT", price_precision=4, margin_maint=0.006)
    assert (catalog_recipe(AGG_TRADES, UM), derived_recipe(INSTRUMENT, UM)) == ours
    assert derived_recipe(INSTRUMENT, ETH) != theirs
    relabelled = replace(METRICS, labels={Market.CM: ((date(2020, 1, 1), LabelledBy.END),), Market.UM: METRICS.labels[Market.UM]})  # fmt: skip
    assert catalog_recipe(relabelled, UM) == catalog_recipe(METRICS, UM)
    assert catalog_recipe(relabelled, Listing.parse("cm:BTCUSD_PERP")) != catalog_recipe(
        METRICS, Listing.parse("cm:BTCUSD_PERP")
    )
    assert catalog_recipe(replace(KLINES, description="Other words.", max_bytes=1), UM) == catalog_recipe(KLINES, UM)


def test_a_derived_recipe_takes_what_its_code_asks_for(constants):
    """Comparisons ask for no constants, so a fee rebuilds none of them; what they read of which days counts."""
    ours = derived_recipe(CONSISTENCY, UM)
    constants("um", taker=0.05)
    assert derived_recipe(CONSISTENCY, UM) == ours
    first, *others = CONSISTENCY.inputs
    farther = replace(CONSISTENCY, inputs=(replace(first, days_back=1), *others))
    assert derived_recipe(farther, UM) != ours
    assert derived_recipe(replace(CONSISTENCY, description="Other words.", checks=()), UM) == ours


def in_the_old_form(lake, entry):
    """Write an entry as releases before recipes did."""
    document = json.loads(lake.path(entry.key.path).read_bytes())
    for name in ("entry_sha256", "recipe", "variant"):
        document.pop(name)
    document["versions"]["phoenix_layout"] = "2"
    lake.write(entry.key.path, canonical_json(document | {"entry_sha256": digest_of(document)}))


def test_a_folder_of_an_earlier_release_is_carried_over_without_a_download(lake, bring, tmp_path, monkeypatch):
    """Its zips are used as they lie; its catalog days are made anew from them, once, to the same bytes."""
    entry = bring(AGG_TRADES, AGG_HEADER + agg_rows((1, "69903.5", "5", 0, "true")))
    raw = Manifest(lake).find("um/btcusdt/agg_trades", DAY)
    for old in (raw, entry):
        in_the_old_form(lake, old)
    found = Manifest(lake).find("um/btcusdt/agg_trades", DAY)
    assert (found.recipe, found.variant, found.data_version) == ("", "", raw.data_version)
    assert list(Manifest(lake).recorded()) == [Key(raw.asset, str(DAY)), Key(entry.asset, str(DAY))]
    again = convert_day(lake, AGG_TRADES, UM, DAY)
    assert (again.recipe, again.data_version) == (entry.recipe, entry.data_version)

    def refuse(*_, **__):
        raise AssertionError("a file that is here was fetched again")

    monkeypatch.setattr(Archive, "download", refuse)
    assert Ingest(lake, (BinanceArchive(Archive(str(tmp_path / "archive"))),), LATER).day(AGG_TRADES, UM, DAY) == raw
