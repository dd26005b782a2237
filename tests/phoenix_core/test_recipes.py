"""A recipe follows from the source by itself: blind to words, alert to whatever computes."""

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from phoenix_core import recipes
from phoenix_core.backtest.portfolio.recipe import ROOTS as ROOTS_OF_PORTFOLIOS
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import RecipeUnknown
from phoenix_core.products import BACKTEST, DERIVED, catalog_product, raw_product
from phoenix_core.recipes import code_digest, plain, reached, root_in
from phoenix_core.strategies.contract import default_strategy
from phoenix_core.strategies.phoenix.recipe import REPORT_ROOTS
from phoenix_core.strategies.phoenix.recipe import ROOTS as ROOTS_OF_STRATEGY
from phoenix_core.sweeps.recipe import ROOTS as ROOTS_OF_SWEEPS

CONVERTERS = "catalog.convert:CONVERTERS"
ROOTS = {
    "raw": ["sources.binance.keys:key_of_day"],
    "catalog": ["catalog.store:convert_day", "catalog.convert:_trade_ticks"],
    "instrument": ["catalog.store:record_instrument"],
    "consistency": ["catalog.consistency:compare_day"],
    "quote_hull": ["intervals.calibration:calibrate_day"],
    "signals": ["signals.days:SignalDays"],
    "backtest": [*BACKTEST.code, *ROOTS_OF_STRATEGY],
    "portfolio": [*ROOTS_OF_PORTFOLIOS, *ROOTS_OF_STRATEGY],
    "report": ["report.folder:page_of", *REPORT_ROOTS],
    "sweep": ["sweeps.table:table", "sweeps.publish:sweep_document", "sweeps.publish:write_tables"],
}


@cache
def parsed(module, text, parse=recipes._parsed.__wrapped__):
    """A module as the recipes see it: those that no test changes are parsed once for all tests."""
    del text  # what tells one version from another
    return parse(module)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A copy of the sources; give a function that edits one and says which stages' digests changed."""
    shutil.copytree(Path(recipes.__file__).parent, tmp_path / "phoenix_core")
    monkeypatch.setattr(recipes, "_SOURCES", tmp_path)
    monkeypatch.setattr(recipes, "_parsed", lambda module: parsed(module, recipes._path(module).read_bytes()))

    def digests():
        for cached in (code_digest, recipes._defined):
            cached.cache_clear()
        return {stage: code_digest(*roots) for stage, roots in ROOTS.items()}

    last = digests()

    def changed(module, old, new):
        nonlocal last
        before = last
        path = tmp_path / "phoenix_core" / module
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        last = digests()
        return {stage for stage, digest in last.items() if digest != before[stage]}

    yield changed
    for cached in (code_digest, recipes._defined):
        cached.cache_clear()


def test_comments_docstrings_and_formatting_change_nothing(tree):
    """Nor does a function that makes no product."""
    convert = "catalog/convert.py"
    assert not tree(convert, "def _bars(", "# a comment\n\n\ndef _bars(")
    assert not tree(convert, '"""Relabel a Decimal', '"""Put another label on a Decimal')
    assert not tree(convert, '"value": _exact(closed, Role.CLOSE, conversion),', "'value': _exact(\n            closed,\n        Role.CLOSE,    conversion,\n        ),")  # fmt: skip
    assert not tree(convert, "_WIDE = ", "def _unused() -> None:\n    return None\n\n\n_WIDE = ")
    assert not tree("errors.py", "The archive refuses us.", "The archive doesn't let us in.")


@pytest.mark.parametrize(
    ("module", "old", "new", "stale"),
    [
        ("catalog/convert.py", "_BUYER, _SELLER = 1, 2", "_BUYER, _SELLER = 2, 1", {"catalog"}),
        ("tables/timestamps.py", "period_ns // 2", "period_ns // 3", {"catalog"}),
        ("catalog/instruments.py", "8 * 3600", "9 * 3600", {"instrument", "backtest", "portfolio"}),
        ("catalog/consistency.py", "_VOLUME = 1e-4", "_VOLUME = 1e-3", {"consistency"}),
        ("signals/rolling.py", "_NO_VARIANCE = ", "_NO_VARIANCE = 2 * ", {"signals", "backtest", "portfolio"}),
        ("strategies/phoenix/strategy.py", "_TIMEOUT", "_TIMED_OUT", {"backtest", "portfolio"}),
        ("backtest/settlement.py", "_FAR = ", "_FAR = 1 + ", {"backtest", "portfolio"}),
        ("report/page.py", "ROWS_SHOWN = 200", "ROWS_SHOWN = 100", {"report"}),
    ],
)
def test_a_change_of_what_computes_reaches_its_stages_alone(tree, module, old, new, stale):
    """However many imports away from the root, also one inside a function."""
    assert tree(module, old, new) == stale


def test_rows_of_tables_are_no_code(tree):
    """Another dataset's second rebuilds nothing here; a recipe takes its own rows as data."""
    assert not tree("datasets.py", "known_after_ns=1_000_000_000", "known_after_ns=2_000_000_000")


def test_what_a_table_computes_is_code(tree):
    """A function beside the rows counts."""
    assert "catalog" in tree("datasets.py", "found = LabelledBy.END", "found = LabelledBy.START")


def test_every_stage_reaches_what_it_is_known_to_use():
    """Each name was looked up by hand; a digest that loses one of them would call stale days current."""
    catalog = set(reached(*ROOTS["catalog"]))
    assert {"tables.read:DayTable", "catalog.convert:_exact", "sources.lines:csv_lines"} <= catalog
    assert "tables.timestamps:label_of_file" in catalog
    backtest = set(reached(*ROOTS["backtest"]))
    assert {
        "backtest.replay:Replay",
        "strategies.phoenix.strategy:PhoenixStrategy",
        "backtest.ledger:ledger",
    } <= backtest
    assert {"signals.table:signal_table", "backtest.venue:as_traded", "backtest.settlement:Settlement"} <= backtest
    assert "report.page:report_page" in reached(*ROOTS["report"])


def test_no_root_reaches_what_is_left_out():
    """The modules that are claimed to make no bytes, and the recipes themselves."""
    for roots in ROOTS.values():
        modules = {name.partition(":")[0] for name in reached(*roots)}
        assert not modules & {"errors", "storage", "manifest", "recipes", "interrupts", "products", "lineage"}
        assert not [module for module in modules if module.endswith("recipe")]


def test_a_raw_day_is_none_of_the_business_of_instruments():
    """Its bytes are the publisher's; what converts it asks for precisions."""
    assert not [name for name in reached(*ROOTS["raw"]) if name.startswith("instruments.table")]
    assert "instruments.table:specification" in reached(*ROOTS["catalog"])


def test_the_roots_here_are_those_of_the_recipes():
    """The code that each product's entry names is under test, and no recipe begins at code of its own."""
    products = (raw_product(AGG_TRADES), catalog_product(AGG_TRADES), *DERIVED)
    declared = {*default_strategy().roots, *default_strategy().report_roots, *ROOTS_OF_SWEEPS, *ROOTS_OF_PORTFOLIOS}
    assert declared == {*ROOTS_OF_STRATEGY, *REPORT_ROOTS, *ROOTS_OF_SWEEPS, *ROOTS_OF_PORTFOLIOS}
    assert {root for product in products for root in product.code} | declared == {
        root for roots in ROOTS.values() for root in roots
    } - {"catalog.convert:_trade_ticks"}
    house = Path(recipes.__file__).parent
    begun = [line for path in house.rglob("recipe.py") for line in re.findall(r"code_digest\((.*)", path.read_text())]
    assert begun
    assert all(re.match(r"\*(ROOTS|[\w()]+\.code)\b", line) for line in begun), begun


def test_a_catalog_type_has_the_code_of_its_own_converter():
    """What a trade becomes is none of the business of days of funding, and the other way round."""
    assert root_in(CONVERTERS, "FUNDING_RATE") == "catalog.convert:_funding_rates"
    found = reached("catalog.store:convert_day", root_in(CONVERTERS, "FUNDING_RATE"))
    assert "catalog.convert:_times" in found
    assert not {"catalog.convert:_trade_ticks", "catalog.convert:_exact", CONVERTERS} & set(found)


def test_a_type_without_a_converter_has_no_recipe():
    """The message names the table and the row that it lacks."""
    with pytest.raises(RecipeUnknown, match="CONVERTERS has no function for CANDLE"):
        root_in(CONVERTERS, "CANDLE")


@pytest.mark.parametrize("root", ["catalog.store:convert_night", "catalog.cellar:convert_day"])
def test_a_root_that_is_gone_is_named(root):
    """Renaming a function without its recipe fails at once, and not as a digest of nothing."""
    with pytest.raises(RecipeUnknown, match=re.escape(root.partition(":")[0])):
        code_digest(root)


def test_an_import_that_cannot_be_followed_is_refused(tree):
    """It would be a hole in the digest."""
    with pytest.raises(RecipeUnknown, match=r"import phoenix_core\.tables\.read"):
        tree("catalog/convert.py", "import numpy as np", "import numpy as np\nimport phoenix_core.tables.read")


def test_digests_need_no_import_of_what_they_name():
    """The code location names every recipe without loading NautilusTrader or Polars."""
    code = (
        "import sys; from phoenix_core.recipes import code_digest; code_digest('backtest.run:run');"
        "print(sorted({'nautilus_trader', 'polars', 'pyarrow', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_dataclass_is_its_fields_without_those_left_out():
    """A field that is added counts by itself."""
    definition = recipes._Definition("abc", frozenset({"b", "a"}))
    assert plain(definition) == {"digest": "abc", "mentions": ["a", "b"]}
    assert plain(definition, without={"mentions"}) == {"digest": "abc"}
