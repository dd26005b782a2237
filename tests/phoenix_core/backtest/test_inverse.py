"""Days of cm:BTCUSD_PERP by hand: contracts of 100 USD, an account in bitcoins, to the last of their decimals."""

from decimal import Decimal

import pytest
from fakes.scenario import Scenario, as_rows, both, recomputed
from fakes.scripted import Script, played
from hypothesis import given, settings
from hypothesis import strategies as st

from phoenix_core.backtest.equity import equity_curve
from phoenix_core.backtest.experiment import COINS_AT_START, Experiment
from phoenix_core.backtest.in_quote import in_quote
from phoenix_core.execution.decisions import OrderReason
from phoenix_core.execution.holding import Payoff
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing
from phoenix_core.verification.books import check_ledger

SYMBOL = "cm:BTCUSD_PERP"
HUNDRED = Payoff(Decimal(100))


def trip():
    """Bought in two parts at 50,000, funded at 50,020, sold at 50,100."""
    day = Scenario(symbol=SYMBOL).quote(1, "50000.0", "50000.1", "500", "500").trade(5, "50000.0", "1").signal(5, 0.9)
    day.trade(7, "50000.0", "1999").trade(8, "50000.0", "900").quote(9, "50000.0", "50000.1", "9000", "9000")
    day.funds(100, "0.0001", "50020").quote(110, "50100.0", "50100.1", "9000", "9000")
    return day.signal(120, 0.1)


def test_a_round_trip_in_coins():
    """From 2 to 2.00478818 bitcoins.

    Twice the balance is 4 coins, 2,000 contracts at 50,000. 500 stand ahead, so of 1,999 sold it gets 1,499, then 501:
    2.998 and 1.002 coins, maker fee 0.0005996 and 0.0002004. Funding 0.01 % of 200,000 / 50,020 = 3.99840064: 0.00039984. Sold for 200,000 / 50,100 =
    3.99201597, a gain of 0.00798403, taker fee 0.05 % of it = 0.00199601.
    """
    outcome = both(trip(), venue={"starting_balance": 2}, max_leverage=2.0)
    assert [(str(one.quantity), str(one.price), str(one.fee)) for one in outcome.fills] == [
        ("1499", "50000", "0.0005996"),
        ("501", "50000", "0.0002004"),
        ("2000", "50100", "0.00199601"),
    ]
    assert [one.amount for one in outcome.settled] == [Decimal("-0.00039984")]
    assert outcome.final == Decimal("2.00478818")
    parts = outcome.books.parts
    assert (parts.fees, parts.funding) == (Decimal("-0.00279601"), Decimal("-0.00039984"))
    # Against the mid of 50,000.05 they are worth 2.997997 and 1.001999 coins: 0.000003 and 0.000001 less.
    # At the exit the mid is 50,100.05: 200,000 / 50,100.05 = 3.99201198.
    assert parts.slippage == Decimal("0.000003") + Decimal("0.000001") - Decimal("0.00000399")
    assert parts.price + parts.slippage == Decimal("0.00798403")


def test_the_second_implementation_has_the_same_coins():
    """Fills, funding, and the balance to its last decimal."""
    outcome = both(trip(), venue={"starting_balance": 2}, max_leverage=2.0)
    second = recomputed(trip(), outcome, {"starting_balance": 2})
    second.data.funding = [(one.ts, one.rate, one.mark) for one in trip().funding]
    assert second.fills == as_rows(outcome.fills)
    assert [amount for _, amount in second.funded()] == [one.amount for one in outcome.settled]
    assert second.account(2) == outcome.final


def test_what_it_is_in_dollars():
    """Each change at its own price, and coins at the first and the last one.

    Fees 0.0008 × 50,000 + 0.00199601 × 50,100 = 140.000101; funding 0.00039984 × 50,020 = 19.9999968; the gain of
    0.00798403 was made at 50,100: 399.999903. 2 coins were 100,000.1 at first and 2.00478818 are 100,439.887818.
    """
    books = both(trip(), venue={"starting_balance": 2}, max_leverage=2.0).books
    prices = equity_curve(minutes("50000.05", "50100"), books.rows, Decimal(2), HUNDRED)
    assert prices["equity_in_quote"].to_list() == pytest.approx([100_000.1, 100_439.887818])
    found = in_quote(books.rows, minutes("50000.05", "50100"), Decimal(2), Decimal("2.00478818"))
    assert (found["fees"], found["funding"]) == ("-140.00010100", "-19.99999680")
    assert found["net"] == "239.99980520"
    assert Decimal(found["price"]) + Decimal(found["slippage"]) == Decimal("399.99990300")
    assert (found["starting_balance"], found["final_balance"]) == ("100000.10000000", "100439.88781800")
    assert Decimal(found["revaluation"]) == Decimal("439.787818") - Decimal("239.9998052")


def minutes(*prices):
    """The first minute of the day, and the last."""
    import polars as pl  # noqa: PLC0415 - of this helper alone
    from fakes.scenario import at  # noqa: PLC0415 - likewise

    ends = [at(0) - 1, at(86_400) - 1]
    return pl.DataFrame({"minute_ns": ends, "price": [Decimal(price) for price in prices]})


@pytest.mark.parametrize(
    ("balance", "leverage", "contracts"),
    [("2", 2.0, 2000), ("0.5", 1.0, 250), ("0.0059", 0.5, 1), ("0.0039", 0.5, 0)],
)
def test_size_is_contracts_of_coins(balance, leverage, contracts):
    """Balance × leverage × price / 100, cut to whole contracts; less than one is no order."""
    fills = both(trip(), venue={"starting_balance": balance}, max_leverage=leverage).fills
    assert sum(fill.quantity for fill in fills if fill.side == "BUY") == contracts


def leveraged(low):
    """Ten times one coin at 50,000, then a minute whose mark goes as low as this."""
    day = Scenario(symbol=SYMBOL).quote(1, "50000.0", "50000.1", "5", "500").trade(5, "50000.0", "1").signal(5, 0.9)
    day.trade(7, "50000.0", "9000").quote(9, "50000.0", "50000.1", "9000", "9000")
    day.quote(50, "45640.0", "45640.1", "9000", "9000").mark(59.999, "45650.0", low=low)
    return day.quote(65, "45640.0", "45640.1", "9000", "9000")


VENUE = {"starting_balance": 1, "liquidation_fee": "0.001"}
BOLD = {"max_leverage": 1000.0, "kelly_kappa": 1.0, "expected_alpha": 100.0}


@pytest.mark.parametrize(("low", "is_liquidated"), [("45644.7", False), ("45644.6", True)])
def test_the_liquidation_price_by_hand(low, is_liquidated):
    """5,000 contracts of 10 coins on 0.998 left after the fee of 0.002, maintenance 0.4 %.

    0.998 + 10 - V - 0.004 V = 0 where V, the worth of 500,000 USD in coins, is 10.998 / 1.004: at 45,644.66. At 45,644.6
    V is 10.95419831, and 0.00001510 are lacking. The fee is 0.1 % of it, 0.01095420; sold at 45,640 for 10.95530237, taker
    fee 0.00547765: 0.02626578 are left.
    """
    outcome = both(leveraged(low), venue=VENUE, **BOLD)
    assert outcome.fills[0].quantity == 5000
    assert (outcome.fills[1].decision.reason is OrderReason.LIQUIDATION) is is_liquidated
    if is_liquidated:
        assert [one.amount for one in outcome.settled] == [Decimal("-0.01095420")]
        assert outcome.final == Decimal("0.02626578")
        second = recomputed(leveraged(low), outcome, VENUE)
        assert second.account(1) + outcome.settled[0].amount == outcome.final


def test_the_books_notice_one_decimal():
    """Posted anew by fractions they are equal; a hundred-millionth more is named."""
    outcome = both(trip(), venue={"starting_balance": 2}, max_leverage=2.0)
    from phoenix_core.backtest.ledger import fills_frame  # noqa: PLC0415 - of this test alone

    parts, rows = outcome.books.parts, outcome.books.rows
    document = {
        "experiment": {"venue": {"starting_balance": "2"}},
        "parts": {name: str(getattr(parts, name)) for name in ("price", "slippage", "fees", "funding", "net")},
        "final_balance": str(outcome.final),
    }
    given = (fills_frame(outcome.fills), outcome.books.round_trips, Decimal(100))
    fills, trips, size = given
    assert check_ledger(document, fills, rows, trips, size).differences == ()
    off = rows.with_columns(cash=rows["cash"] + Decimal("0.00000001"))
    assert check_ledger(document, fills, off, trips, size).differences
    document["final_balance"] = str(outcome.final + Decimal("0.00000001"))
    assert check_ledger(document, fills, rows, trips, size).differences


def test_an_account_of_coins_begins_with_one():
    """Unless another balance is given: 100,000 would be a market of their own."""
    day = {"first": "2024-03-30", "last": "2024-03-30"}
    assert Experiment.parse(listing=SYMBOL, **day).venue.starting_balance == COINS_AT_START
    given = Experiment.parse(listing=SYMBOL, venue={"starting_balance": "0.5", "leverage": 3}, **day).venue
    assert (given.starting_balance, given.leverage) == (Decimal("0.5"), 3)
    assert Experiment.parse(listing=SYMBOL, venue={"leverage": 3}, **day).venue.starting_balance == 1
    assert Experiment.parse(listing="um:BTCUSDT", **day).venue.starting_balance == 100_000


def test_an_inverse_contract_is_that_of_its_symbol():
    """100 USD of bitcoin, 10 of any other coin."""
    day = Experiment.parse(listing=SYMBOL, first="2024-03-30", last="2024-03-30").first
    sizes = [specification(Listing.parse(name), day).contract_size for name in (SYMBOL, "cm:ETHUSD_PERP")]
    assert sizes == [100, 10]


ORDERS = st.lists(
    st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 900), st.sampled_from([None, -20, 0, 20])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(ORDERS, st.lists(st.integers(-90, 90), min_size=12, max_size=12))
def test_any_orders_leave_both_implementations_with_the_same_coins(orders, moves):
    """Opened, closed and reversed in parts at any prices: the account agrees to the last decimal."""
    day, tenth = Scenario(symbol=SYMBOL), 500_000
    script = Script()
    for number, move in enumerate(moves):
        tenth += move
        day.quote(1 + number, f"{tenth / 10}", f"{(tenth + 1) / 10}", "300", "300")
        day.trade(1.5 + number, f"{tenth / 10}", "400", "SELLER")
    for number, (side, quantity, offset) in enumerate(orders):
        script.send(1.1 + number, side, str(quantity), None if offset is None else f"{(500_000 + offset) / 10}")
    result = played(day, script, until=30, starting_balance=1000)
    assert result.worth == result.recomputed
