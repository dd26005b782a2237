"""What CONTRIBUTING.md promises of additions, followed to the letter in a copy of the tree."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The recipe's own words: where they change, so must the edits below.
STEPS = (
    "phoenix_core/columns.py",
    "an entry to `phoenix_core/datasets.py`",
    "`DATASETS`",
    "`CatalogType`",
    "a row to `CONVERTERS`",
    "`_as_published`",
)

COLUMNS = """
MOON_TIME = Column("moon_time", Kind.EPOCH, "when the moon was looked at")
MOON_PHASE = _quantity("moon_phase", "share that is lit")
"""
ENTRY = """
MOON = Dataset(
    name="moon",
    folder="moonPhase",
    columns=_on("um cm", c.MOON_TIME, c.MOON_PHASE),
    time=c.MOON_TIME,
    key=(c.MOON_TIME,),
    order=(c.MOON_TIME,),
    catalog_type=CatalogType.MOON,
    catalog_name="moon_phases",
    source="https://example.com/moon",
    description="How much of the moon is lit.",
)

DATASETS: tuple[Dataset, ...] = (
    MOON,
"""
# Runs in the copy; prints what is there, and with MOON takes a day through reader and catalog.
SHOW = """
import json, sys
from datetime import date
from pathlib import Path
import phoenix_core
from phoenix_core.datasets import DATASETS
from phoenix_core.datasets_page import datasets_page
from phoenix_core.market import Listing
from phoenix_dagster.code_location import definitions
from phoenix_dagster.settings import Settings

here = Path(sys.argv[1])
assert Path(phoenix_core.__file__).is_relative_to(here), phoenix_core.__file__
um = Listing.parse("um:BTCUSDT")
graph = definitions(Settings(data=here / "data", archive_url=str(here / "archive"), symbols=(um,))).resolve_asset_graph()
found = {
    "codes": {key.path[-1]: graph.get(key).code_version for key in graph.materializable_asset_keys},
    "parents": {key.path[-1]: [one.path[-1] for one in graph.get(key).parent_keys] for key in graph.materializable_asset_keys},
    "checks": {key.path[-1]: sorted(one.name for one in graph.get(key).check_keys) for key in graph.materializable_asset_keys},
    "page": datasets_page(),
}
if moon := next((one for one in DATASETS if one.name == "moon"), None):
    from fakes.zips import DAY, START_MS, put_day
    from phoenix_core.sources.binance.client import Archive
    from phoenix_core.sources.binance.source import BinanceArchive
    from phoenix_core.catalog.quality import inspect_day
    from phoenix_core.catalog.store import convert_day, read_day
    from phoenix_core.raw.store import Ingest
    from phoenix_core.sources.local_tree.evidence import admitted_by_name
    from phoenix_core.sources.local_tree.names import read_name
    from phoenix_core.storage.lake import Lake

    put_day(here / "archive", moon, f"moon_time,moon_phase\\n{START_MS},0.25\\n{START_MS},0.25\\n")
    lake = Lake.at(here / "data")
    Ingest(lake, (BinanceArchive(Archive(str(here / "archive"))),), date(2026, 1, 1)).day(moon, um, DAY)
    entry = convert_day(lake, moon, um, DAY)
    found |= {
        "counts": entry.counts,
        "phases": [str(value.normalize()) for value in read_day(lake, entry.asset, DAY)["moon_phase"]],
        "findings": {one.rule: one.passed for one in inspect_day(lake, moon, entry)},
        "tree": sorted(map(str, admitted_by_name(read_name(f"BTCUSDT-moonPhase-{DAY}.csv")))),
    }
print(json.dumps(found))
"""

STEPS_OF_A_PRODUCT = (
    "an entry to `phoenix_core/products.py`",
    "`code`",
    "`DERIVED`",
    "`Product.file`",
    "a `Finding` for each check",
    "`derived_recipe`",
    "`sources_of`",
)
PRODUCT = """
TIDES = Product(
    name="tides",
    stage=Stage.SIGNALS,
    description="How many trades each quarter of a day has.",
    code=("signals.tides:tides",),
    columns="signals.tides:COLUMNS",
    inputs=(_of(AGG_TRADES, days_back=1, is_required=True),),
    checks=(Rule("wet", "Some quarter has trades.", blocks=True),),
)

DERIVED: tuple[Product, ...] = (
    TIDES,
"""
MAKER = '''"""Trades by quarters of a day."""

from datetime import date

import polars as pl

from phoenix_core.catalog.quality import Finding
from phoenix_core.catalog.recipe import derived_recipe
from phoenix_core.catalog.store import catalog_asset, read_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.lineage import sources_of
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import DAY_NS, Listing
from phoenix_core.products import TIDES
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake

COLUMNS = ("quarter", "trades")


def tides(lake: Lake, listing: Listing, day: date) -> tuple[Entry, tuple[Finding, ...]]:
    """Publish a day."""
    times = read_day(lake, catalog_asset(AGG_TRADES, listing), day, ("ts_event",))
    quarter = (pl.col("ts_event") % DAY_NS // (DAY_NS // 4)).alias("quarter")
    frame = times.group_by(quarter).agg(pl.len().alias("trades")).sort("quarter")
    relative = TIDES.file(listing, day.isoformat())
    with lake.publishing(relative) as staged:
        frame.write_parquet(staged)
        digest, size = sha256_of(staged), staged.stat().st_size
    manifest = Manifest(lake)
    entry = Entry(
        asset=TIDES.asset(listing),
        day=day.isoformat(),
        published=True,
        recipe=derived_recipe(TIDES, listing),
        sources=sources_of(manifest, TIDES, listing, day),
        file=relative,
        sha256=digest,
        bytes=size,
        rows=frame.height,
    )
    return manifest.record(entry), (Finding("wet", passed=frame.height > 0, message=f"{frame.height} quarters"),)
'''

# Runs in the copy; prints the graph, and with TIDES makes, damages and mends a day of it through Dagster.
SHOW_PRODUCTS = """
import json, sys
from datetime import timedelta
from pathlib import Path
import dagster as dg
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put_day
from phoenix_core.catalog.inventory import inventory
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.datasets_page import datasets_page
from phoenix_core.manifest import Manifest
from phoenix_core.storage.lake import Lake
from phoenix_dagster.cli.options import chosen_datasets
from phoenix_dagster.code_location import definitions
from phoenix_dagster.operation.doctor import doctor
from phoenix_dagster.operation.in_process import materialize
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

here = Path(sys.argv[1])
settings = Settings(data=here / "data", archive_url=str(here / "archive"), symbols=(UM,))
defs = definitions(settings)
graph = defs.resolve_asset_graph()
nodes = {key.to_user_string(): graph.get(key) for key in graph.materializable_asset_keys}
found = {
    "codes": {name: node.code_version for name, node in nodes.items()},
    "page": datasets_page(),
}
if tides := nodes.get("um/btcusdt/tides"):
    found["asset"] = [tides.group_name, tides.description, [key.to_user_string() for key in tides.parent_keys]]
    found["asset"] += [[key.name for key in tides.check_keys], tides.is_partitioned]
    found["plan"] = [dataset.name for dataset in chosen_datasets(UM, settings, "tides")]
    keys = [dg.AssetKey(["um", "btcusdt", name]) for name in ("agg_trades", "trade_ticks", "tides")]
    put_day(here / "archive", AGG_TRADES, AGG_HEADER + agg_rows((1, "69903.5", "1", 0, "true"), (2, "69903.5", "1", 21_600_000, "true")))
    lake = Lake.at(here / "data")
    workspace = Workspace(data=str(here / "data"), archive_url=str(here / "archive"), today=str(DAY + timedelta(1)))
    with dg.DagsterInstance.ephemeral() as instance:
        made = materialize(defs, instance, keys[:2], day=str(DAY))
        sensor = defs.resolve_sensor_def("follow")
        given = {"instance": instance, "definitions": defs, "resources": {"workspace": workspace}}
        with dg.build_sensor_context(**given) as context:
            requests = sensor.evaluate_tick(context).run_requests
        found["follows"] = [key.to_user_string() for one in requests for key in one.asset_selection]
        made = materialize(defs, instance, keys[2:], day=str(DAY))
        found["checks"] = {one.check_name: one.passed for one in made.get_asset_check_evaluations()}
        entry = Manifest(lake).find("um/btcusdt/tides", DAY)
        found["entry"] = [entry.rows, sorted(entry.sources), entry.recipe]
        found["held"] = {held.asset: len(held.published) for held in inventory(lake)}
        lake.store.path(entry.file).write_bytes(b"not what was published")
        said = []
        found["ill"] = doctor(lake, defs, instance, repair=False, say=said.append)
        found["mended"] = doctor(lake, defs, instance, repair=True, say=said.append)
        found["said"] = said
        found["whole"] = Manifest(lake).verify(Manifest(lake).find("um/btcusdt/tides", DAY)).sha256 == entry.sha256
print(json.dumps(found))
"""


@pytest.fixture
def copy(tmp_path):
    """A copy of both packages."""
    for package in ("phoenix_core", "phoenix_dagster"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def shown(copy, script=SHOW):
    """What the copy's code location and registries hold, by a process that imports nothing of the checkout."""
    paths = os.pathsep.join([str(copy), str(ROOT / "tests")])
    made = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(copy)],
        cwd=copy, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout.splitlines()[-1])


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1, (path.name, old)
    path.write_text(text.replace(old, new))


def add_the_moon(copy):
    """Steps 1 and 2: columns, entry, catalog type, its row of the converters."""
    core = copy / "phoenix_core"
    columns = core / "columns.py"
    columns.write_text(columns.read_text() + COLUMNS)
    edit(core / "datasets.py", "\nDATASETS: tuple[Dataset, ...] = (\n", ENTRY)
    edit(core / "datasets.py", 'TRADE_TICK = "trade_tick"\n', 'TRADE_TICK = "trade_tick"\n    MOON = "custom_moon"\n')
    edit(core / "catalog" / "convert.py", "    CatalogType.BAR: _bars,\n", "    CatalogType.BAR: _bars,\n    CatalogType.MOON: _as_published,\n")  # fmt: skip


@pytest.mark.slow
def test_a_dataset_is_there_from_its_entry_alone(copy):
    """Raw asset, reader, catalog asset, checks, page and recognition; no other asset becomes stale by it."""
    before = shown(copy)
    add_the_moon(copy)
    after = shown(copy)
    assert after["codes"].keys() - before["codes"].keys() == {"moon", "moon_phases"}
    assert {name: after["codes"][name] for name in before["codes"]} == before["codes"]
    assert after["parents"]["moon_phases"] == ["moon"]
    assert after["checks"]["moon"] == ["checksum", "copies_agree", "published"]
    assert after["checks"]["moon_phases"] == ["accounted", "clean", "ordered", "unique", "within_day"]
    assert after["counts"] == {"read": 2, "kept": 1, "dropped_exact_duplicate": 1}
    assert after["phases"] == ["0.25"]
    assert after["findings"] == {"ordered": True, "unique": True, "within_day": True}
    assert after["tree"] == ["cm:moon", "um:moon"]
    assert "## moon\n\nHow much of the moon is lit." in after["page"]
    assert "| `moon_phase` | decimal | share that is lit |" in after["page"]


@pytest.mark.slow
def test_a_product_is_there_from_its_entry_and_one_function(copy):
    """Asset, checks, plan, what follows, inventory, doctor and page; no other asset becomes stale by it."""
    before = shown(copy, SHOW_PRODUCTS)
    edit(copy / "phoenix_core" / "products.py", "\nDERIVED: tuple[Product, ...] = (\n", PRODUCT)
    (copy / "phoenix_core" / "signals" / "tides.py").write_text(MAKER)
    after = shown(copy, SHOW_PRODUCTS)
    assert after["codes"].keys() - before["codes"].keys() == {"um/btcusdt/tides"}
    assert {name: after["codes"][name] for name in before["codes"]} == before["codes"]
    assert after["asset"] == [
        "um_btcusdt_signals", "How many trades each quarter of a day has.", ["um/btcusdt/trade_ticks"], ["wet"], True,
    ]  # fmt: skip
    assert after["plan"] == ["agg_trades"]
    assert "um/btcusdt/tides" in after["follows"]
    assert after["checks"] == {"wet": True}
    assert after["entry"] == [2, ["um/btcusdt/trade_ticks"], after["codes"]["um/btcusdt/tides"]]
    assert after["held"]["um/btcusdt/tides"] == 1
    assert any(line.startswith("altered") and "tides" in line for line in after["said"]), after["said"]
    assert (after["ill"], after["mended"], after["whole"]) == (1, 0, True), after["said"]
    assert "| `tides` | signals | `trade_ticks` | a day | spot, um, cm |\n" in after["page"]
    assert (
        "## tides\n\nHow many trades each quarter of a day has.\n\n* made from `trade_ticks` (and 1 day before)"
        in after["page"]
    )


@pytest.mark.parametrize(("kind", "steps"), [("dataset", STEPS), ("product", STEPS_OF_A_PRODUCT)])
def test_the_recipe_is_the_one_that_is_followed_here(kind, steps):
    """CONTRIBUTING.md names what this test edits, and nothing that it does not."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = re.search(rf"## A new {kind}\n(.*?)\n## ", text, re.DOTALL)[1]
    assert all(step in section for step in steps)
