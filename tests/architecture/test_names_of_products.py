"""Products are named in the registries alone; everything else asks an entry for its name."""

import ast
import re
from pathlib import Path

from phoenix_core.market import Market
from phoenix_core.products import products_on

ROOT = Path(__file__).parents[2]
REGISTRIES = {"phoenix_core/datasets.py", "phoenix_core/products.py"}
# Words that mean other things, too: stages, roles of columns, columns of people's files, fields and parameters.
WORDS = {"signals", "backtest", "report", "trades", "metrics", "depth", "instrument", "consistency"} | {
    "open_interest",
    "funding_rate",
}


def literals(path):
    """String constants of a module, docstrings aside, and the texts of what f-strings put together."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield node.lineno, ast.unparse(node)


def modules():
    for package in ("phoenix_core", "phoenix_dagster"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if (name := path.relative_to(ROOT).as_posix()) not in REGISTRIES:
                yield name, path


def test_no_module_writes_the_name_of_a_product():
    """Who renames a product, or looks for its users, has one line to look at."""
    names = {product.name for market in Market for product in products_on(market)} - WORDS
    assert {"agg_trades", "trade_ticks", "continuous_backtest"} < names
    found = [f"{name}:{line} {text!r}" for name, path in modules() for line, text in literals(path) if text in names]
    assert not found


def test_no_module_puts_the_name_of_an_asset_together():
    """`Product.asset`, or `asset_name` where a dataset is all that is at hand."""
    together = re.compile(r"""f['"]{(self\.)?listing\.path}/""", re.IGNORECASE)
    assert together.match("f'{self.listing.path}/signals'")
    found = [
        f"{name}:{line} {text}" for name, path in modules() for line, text in literals(path) if together.match(text)
    ]
    assert not found
