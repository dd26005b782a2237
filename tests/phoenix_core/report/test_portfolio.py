"""The page of a portfolio: what is in the files is on it, of one listing as of several."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from fakes.results import START_NS

from phoenix_core.backtest.ledger import LEDGER_SCHEMA, ROUND_TRIP_SCHEMA
from phoenix_core.backtest.portfolio.portfolio import Portfolio
from phoenix_core.backtest.publish import written
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.report.account import AccountFigures
from phoenix_core.report.portfolio import portfolio_page
from phoenix_core.report.portfolio_charts import portfolio_charts
from phoenix_core.report.portfolio_result import is_portfolio, portfolio_in
from phoenix_core.storage.digests import canonical_json

MINUTE_NS = 60_000_000_000
FOLDER = "backtests/0123456789ab/2024-03-24"
ZERO = {"price": "0", "slippage": "0", "fees": "0", "funding": "0"}


def published(lake, *listings, refused=(), missing=()):
    """Two minutes; the first listing holds 2 at 100 in the second, and has gained 50."""
    chosen = Portfolio(listings=listings, first=date(2024, 3, 24), last=date(2024, 3, 24))
    several = len(listings) > 1
    ts = [START_NS + MINUTE_NS, START_NS + 2 * MINUTE_NS]
    equity = {"ts": ts, "equity": [100.0, 50.0], "cash": [100.0, 50.0]}
    held = {"gross": [0.0, 200.0], "net": [0.0, 200.0], "positions": [0, 1]}
    alone = {"price": [100.0, 100.0], "position": [0.0, 2.0]}
    whose = {"listing": [listings[0]]} if several else {}
    row = dict.fromkeys(LEDGER_SCHEMA, None) | {"ts": ts[1], "kind": "funding", "amount": Decimal(50)}
    trip = dict.fromkeys(ROUND_TRIP_SCHEMA, None) | {
        "opened_ns": ts[0], "closed_ns": ts[1], "side": "LONG", "quantity": Decimal(2), "entry_price": Decimal(100),
        "exit_price": Decimal(125), "net": Decimal(50), "fees": Decimal(0), "funding": Decimal(0), "closed_by": "exit",
    }  # fmt: skip
    files = written(
        lake,
        FOLDER,
        {
            "equity": pl.DataFrame(equity | (held if several else alone)),
            "fills": pl.DataFrame(whose | {"ts": [ts[0]], "liquidity": ["MAKER"]}),
            "ledger": pl.DataFrame(whose | {name: [value] for name, value in row.items()}),
            "positions": pl.DataFrame(whose | {name: [value] for name, value in trip.items()}),
        },
    )
    told = {"days": ["2024-03-24"], "missing": dict(missing), "assumptions": ["fees: some"], "fills": 1}
    told |= {
        "closed_at_end": 1,
        "excluded_seconds": 7200,
        "round_trips": 1,
        "parts": ZERO | {"net": "50"},
        "refused": dict(refused),
    }
    document = {
        "portfolio": chosen.model_dump(mode="json"), "identity": "i", "files": files, "inputs": {}, "zips": {},
        "days": ["2024-03-24"], "ruined_ns": None, "starting_balance": "100", "final_balance": "150", "orders": {},
        "parts": ZERO | {"net": "50"}, "assumptions": ["one account"], "listings": dict.fromkeys(chosen.listings, told),
    }  # fmt: skip
    lake.write(f"{FOLDER}/portfolio.json", canonical_json(document))


@pytest.mark.parametrize("listings", [("um:BTCUSDT",), ("um:BTCUSDT", "um:ETHUSDT")])
def test_figures_are_those_of_the_files(lake, listings):
    """Half of the minutes with a position of 200 on an equity of 50: 4 times it, though one listing says no exposure."""
    published(lake, *listings, refused={"max_positions": 3}, missing={"2024-03-25": "the archive has none"})
    found = portfolio_in(lake, FOLDER)
    assert AccountFigures(found).statistics.exposure == 0.5
    assert found.leverage["gross"].to_list() == [0.0, 4.0]
    page = portfolio_page(lake, FOLDER)
    assert page == portfolio_page(lake, FOLDER)
    for text in ("1 fills, 1 of them as maker", "1 settlements while", "No interval can be given", "Monthly returns"):
        assert text in page
    of_all = page[page.index('<td class="t">all</td>') :].split("</tr>")[0]
    assert of_all.count("<td>1</td>") == 4  # days, round trips, won, fills
    for text in ("+50.00 USDT", "4.00 × equity", "3 max_positions", "the archive has none", "fees: some"):
        assert text in page
    assert page.count("<td>fees: some") == 0
    assert page.count("fees: some") == 1  # said once of all


def test_a_folder_without_a_portfolio_is_none(lake):
    """Nor is one whose tables were changed since."""
    assert not is_portfolio(lake, FOLDER)
    with pytest.raises(InputMissing, match="holds no portfolio"):
        portfolio_in(lake, FOLDER)
    published(lake, "um:BTCUSDT", "um:ETHUSDT")
    assert is_portfolio(lake, FOLDER)
    lake.write(f"{FOLDER}/equity.parquet", b"other bytes")
    with pytest.raises(CatalogCorrupt):
        portfolio_in(lake, FOLDER)


def test_of_many_listings_the_largest_are_drawn():
    """Twelve lines of twenty, by what they gained or lost."""
    names = [f"um:COIN{number:02d}USDT" for number in range(20)]
    ledger = pl.DataFrame({"listing": names, "ts": [1] * 20, "amount": [Decimal(number) for number in range(20)]})
    minutes = pl.DataFrame({"ts": [1], "equity": [1.0], "gross": [0.0], "net": [0.0], "positions": [0]})
    nets = portfolio_charts(minutes, minutes, ledger, "USDT")[-1]
    assert [trace["name"] for trace in nets.traces] == names[8:]
    assert "12 largest of 20" in nets.note
