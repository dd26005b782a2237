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
from phoenix_dagster.definitions import definitions
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
    from phoenix_core.archive.client import Archive
    from phoenix_core.catalog.quality import inspect_day
    from phoenix_core.catalog.store import convert_day, read_day
    from phoenix_core.raw.store import Ingest
    from phoenix_core.sources.local_tree.evidence import admitted_by_name
    from phoenix_core.sources.local_tree.names import read_name
    from phoenix_core.storage import Lake

    put_day(here / "archive", moon, f"moon_time,moon_phase\\n{START_MS},0.25\\n{START_MS},0.25\\n")
    lake = Lake.at(here / "data")
    Ingest(lake, Archive(str(here / "archive")), date(2026, 1, 1)).day(moon, um, DAY)
    entry = convert_day(lake, moon, um, DAY)
    found |= {
        "counts": entry.counts,
        "phases": [str(value.normalize()) for value in read_day(lake, entry.asset, DAY)["moon_phase"]],
        "findings": {one.rule: one.passed for one in inspect_day(lake, moon, entry)},
        "tree": sorted(map(str, admitted_by_name(read_name(f"BTCUSDT-moonPhase-{DAY}.csv")))),
    }
print(json.dumps(found))
"""


@pytest.fixture
def copy(tmp_path):
    """A copy of both packages."""
    for package in ("phoenix_core", "phoenix_dagster"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def shown(copy):
    """What the copy's code location and registry hold, by a process that imports nothing of the checkout."""
    paths = os.pathsep.join([str(copy), str(ROOT / "tests")])
    made = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SHOW, str(copy)],
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


def test_a_dataset_is_there_from_its_entry_alone(copy):
    """Raw asset, reader, catalog asset, checks, page and recognition; no other asset becomes stale by it."""
    before = shown(copy)
    add_the_moon(copy)
    after = shown(copy)
    assert after["codes"].keys() - before["codes"].keys() == {"moon", "moon_phases"}
    assert {name: after["codes"][name] for name in before["codes"]} == before["codes"]
    assert after["parents"]["moon_phases"] == ["moon"]
    assert after["checks"]["moon"] == ["checksum", "published"]
    assert after["checks"]["moon_phases"] == ["accounted", "clean", "ordered", "unique", "within_day"]
    assert after["counts"] == {"read": 2, "kept": 1, "dropped_exact_duplicate": 1}
    assert after["phases"] == ["0.25"]
    assert after["findings"] == {"ordered": True, "unique": True, "within_day": True}
    assert after["tree"] == ["cm:moon", "um:moon"]
    assert "## moon\n\nHow much of the moon is lit." in after["page"]
    assert "| `moon_phase` | decimal | share that is lit |" in after["page"]


def test_the_recipe_is_the_one_that_is_followed_here():
    """CONTRIBUTING.md names what this test edits, and nothing that it does not."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = re.search(r"## A new dataset\n(.*?)\n## ", text, re.DOTALL)[1]
    assert all(step in section for step in STEPS)
