"""A synthetic day of cm:BTCUSD_PERP from its zips to the report, in coins throughout."""

import json
from decimal import Decimal

import pytest

from phoenix_core.backtest.capacity_curve import COINS, capacity_curve
from phoenix_core.backtest.experiment import Experiment, ReplayMode
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.report.folder import page_of
from phoenix_core.storage.lake import Lake
from phoenix_core.verification.result import verified

EAGER = {"oi_gate": False, "lpi_entry_threshold": 0.5}


@pytest.fixture(scope="module")
def experiment(coin_market):
    (day,) = coin_market.days
    return Experiment.parse(listing=str(coin_market.listing), first=day, last=day, strategy=EAGER)


@pytest.fixture(scope="module")
def result(coin_market, experiment):
    return run(coin_market.lake, experiment)


@pytest.fixture(scope="module")
def published(coin_market, result):
    return publish(coin_market.lake, result, asset="cm/btcusd_perp/backtest")


def test_every_replay_has_the_same_coins(coin_market, experiment, result):
    """From signals, from every tick, and with signals computed as if it traded live."""
    assert result.fills.height > 2
    for mode in (ReplayMode.FULL, ReplayMode.LIVE):
        other = run(coin_market.lake, experiment.model_copy(update={"replay": mode}))
        assert other.fills.select("ts", "quantity", "price", "fee").equals(
            result.fills.select("ts", "quantity", "price", "fee")
        )
        assert other.final_balance == result.final_balance


def test_the_second_implementation_agrees_from_the_zips(coin_market, published):
    """Signals, ledger, fills, funding and balance: nothing differs and nothing was left out."""
    checks = verified(coin_market.lake, published.facts["folder"], ())
    assert [(one.name, one.differences, one.left_out) for one in checks] == [
        ("signals", (), ()), ("ledger", (), ()), ("fills", (), ()),
    ]  # fmt: skip


def test_the_parts_are_the_account(result):
    """To the last decimal, in coins; and in dollars the balances differ by the net and what holding gained."""
    assert result.experiment.venue.starting_balance + result.ledger.parts.net == result.final_balance
    told = {name: Decimal(value) for name, value in result.in_quote.items()}
    assert told["price"] + told["slippage"] + told["fees"] + told["funding"] == pytest.approx(told["net"])
    assert told["starting_balance"] + told["net"] + told["revaluation"] == pytest.approx(told["final_balance"])
    assert all(quantity == int(quantity) for quantity in result.fills["quantity"])


def test_the_page_is_in_coins_with_dollars_beside_them(coin_market, published, result):
    """Its amounts have eight decimals and name BTC; contracts are called so."""
    page = page_of(coin_market.lake, published.facts["folder"])
    assert f"{result.ledger.parts.net:+,.8f} BTC" in page
    assert "Net PnL in USD" in page
    assert "The same in USD" in page
    assert "Position, contracts" in page


def test_capacity_is_asked_in_coins(coin_market, published, monkeypatch):
    """From a tenth of a coin on, unless balances are given."""
    document = json.loads(Lake.at(coin_market.lake.store.root).store.path(published.file).read_bytes())
    asked = []
    monkeypatch.setattr(
        "phoenix_core.backtest.capacity_curve.run", lambda _, one: asked.append(one) or result_like(document)
    )
    monkeypatch.setattr("phoenix_core.backtest.capacity_curve._point", lambda result: result)
    capacity_curve(coin_market.lake, document)
    assert tuple(one.venue.starting_balance for one in asked) == COINS
    assert Decimal("0.1") in COINS


class result_like:  # noqa: N801 - stands for a Result
    def __init__(self, document):
        self.versions = document["inputs"]
