"""What is published of a portfolio: of one listing the very files of its backtest, of several whose each row is."""

import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.portfolio.portfolio import Portfolio
from phoenix_core.backtest.portfolio.publish import publish_portfolio
from phoenix_core.backtest.portfolio.result import portfolio_result
from phoenix_core.backtest.portfolio.run import run_portfolio
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.errors import LedgerUnbalanced
from phoenix_core.execution.limits import Limit
from phoenix_core.manifest import Manifest

CHOSEN = {"strategy": {"lpi_entry_threshold": 0.7}}


@pytest.fixture(scope="module")
def alone(market):
    return run(market.lake, Experiment.parse(listing="um:BTCUSDT", first=market.days[0], last=market.days[0], **CHOSEN))


def test_of_one_listing_every_file_is_that_of_its_backtest(market, lake, alone):
    """Byte for byte; only the document is another."""
    entry = publish(lake, alone, asset="um/btcusdt/continuous_backtest")
    one = Portfolio.parse(listings=["um:BTCUSDT"], first=market.days[0], last=market.days[0], **CHOSEN)
    ours = publish_portfolio(lake, run_portfolio(market.lake, one))
    assert ours.facts["folder"] != entry.facts["folder"]
    for name in ("fills", "positions", "ledger", "equity", "orders"):
        files = [lake.read(f"{each.facts['folder']}/{name}.parquet") for each in (entry, ours)]
        assert files[0] == files[1], name
    assert alone.fills.height > 5


@pytest.fixture
def twice(alone):
    """The same day as if ETH had had it too: every figure of the account is twice that of one."""
    both = Portfolio.parse(listings=["um:ETHUSDT", "um:BTCUSDT"], first=alone.days[0], last=alone.days[0], **CHOSEN)
    results = [replace(alone, experiment=one) for one in both.experiments]
    balance = Decimal(100_000) + 2 * alone.ledger.parts.net
    return portfolio_result(both, results, balance, Counter({("ETHUSDT-PERP.BINANCE", Limit.LEVERAGE): 3}))


def test_of_several_the_account_is_their_sum(alone, twice):
    """Cash in the ledger runs through both, in time order; gains, exposure and positions are added."""
    rows = twice.ledger.rows
    assert rows["ts"].is_sorted()
    assert rows["listing"].to_list() == ["um:BTCUSDT", "um:ETHUSDT"] * alone.ledger.rows.height
    assert (rows["cash"] - rows["amount"])[1:].to_list() == rows["cash"][:-1].to_list()
    assert rows["cash"][-1] == twice.final_balance == 100_000 + 2 * alone.ledger.parts.net
    assert twice.ledger.parts.net == 2 * alone.ledger.parts.net
    last, whole = alone.equity, twice.equity
    gains = ((last["equity"] - 100_000) * 2 - (whole["equity"] - 100_000)).abs()
    assert gains.max() < 1e-6
    assert whole["gross"].to_list() == (2 * (last["position"] * last["price"]).abs()).to_list()
    assert whole["positions"].max() == 2


def test_of_several_each_row_says_whose_it_is(lake, twice):
    """In every table but equity, which is the account's; the document has each listing and all of them."""
    entry = publish_portfolio(lake, twice)
    document = json.loads(lake.read(entry.file))
    folder = entry.facts["folder"]
    for name in ("fills", "positions", "ledger", "orders"):
        table = pl.read_parquet(lake.fetch(f"{folder}/{name}.parquet", document["files"][f"{name}.parquet"]))
        assert table.columns[0] == "listing"
        assert set(table["listing"]) == {"um:BTCUSDT", "um:ETHUSDT"}
    assert document["listings"]["um:ETHUSDT"]["refused"] == {"max_gross_leverage": 3}
    parts = [Decimal(document["listings"][name]["parts"]["net"]) for name in ("um:BTCUSDT", "um:ETHUSDT")]
    assert sum(parts) == Decimal(document["parts"]["net"])
    assert Manifest(lake).find("portfolio", entry.day, entry.variant) == entry


def test_books_that_do_not_add_up_are_no_result(twice):
    """A cent more in the account than in the parts of both is refused."""
    with pytest.raises(LedgerUnbalanced, match="does not add up"):
        portfolio_result(twice.portfolio, twice.results, twice.final_balance + Decimal("0.01"), Counter())


def test_published_again_it_is_the_same_bytes(lake, twice):
    """The same result gives the same entry and files."""
    first, second = publish_portfolio(lake, twice), publish_portfolio(lake, twice)
    assert first == second
