"""The ledger of a result posted anew from its fills and charges, by plain fractions, and its sums.

Shares nothing with the code that made it. What the exchange charged besides fees, funding and liquidation fees, is
taken from the ledger here; funding is recomputed with the fills (`fills.py`).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from phoenix_core.verification.difference import Check, differences

NAME = "ledger"
_HALF_A_CENT = Decimal("0.005")
# Averages of entries have no end of digits: the ledger keeps twelve.
_TOLERANCE = 1e-6
_EIGHT = 10**8
_IN_COINS = (
    "realized",
    "slippage",
    "fee",
    "amount",
    "cash",
)  # of an inverse contract these end with the eighth decimal
_COLUMNS = ("quantity", "price", "realized", "slippage", "fee", "amount", "position", "entry_price", "cash")


def check_ledger(
    document: Mapping[str, Any],
    fills: pl.DataFrame,
    ledger: pl.DataFrame,
    round_trips: pl.DataFrame,
    contract: Decimal | None = None,
) -> Check:
    """Post fills and charges in the order of the ledger, and hold rows and sums against what was published.

    Args:
        document: `experiment.json`.
        fills: As published.
        ledger: Likewise.
        round_trips: Likewise.
        contract: Quote units of one inverse contract; None: linear.
    """
    starting = Decimal(document["experiment"]["venue"]["starting_balance"])
    posted = ledger.filter(pl.col("kind") == "fill")
    found = list(
        differences(posted.select("ts", "order_id"), fills.select("ts", "order_id"), ("ts",)),
    )
    if not found:
        recomputed = pl.DataFrame(
            list(_posted(fills, ledger, starting, contract)), schema=dict.fromkeys(_COLUMNS, pl.Float64), orient="row"
        )
        published = ledger.select("ts", "kind", *(pl.col(name).cast(pl.Float64) for name in _COLUMNS))
        named = published.select("ts", "kind").hstack(recomputed)
        found += differences(published, named, ("ts", "kind"), _TOLERANCE)
        if contract is not None:
            coins = ("ts", "kind", *_IN_COINS)
            found += differences(published.select(coins), named.select(coins), ("ts", "kind"), 0.1 / _EIGHT)
    found += _sums(document, ledger, round_trips, starting, _HALF_A_CENT if contract is None else Decimal(5).scaleb(-9))
    return Check(NAME, ledger.height, tuple(found))


def _posted(
    fills: pl.DataFrame, ledger: pl.DataFrame, starting: Decimal, contract: Decimal | None
) -> Iterator[tuple[float, ...]]:
    """One row of the ledger after another, columns `_COLUMNS`."""
    cash, position, cost = Fraction(starting), Fraction(0), Fraction(0)  # cost: what the position was entered for
    coins = Fraction(0)  # the same of an inverse contract, not rounded: for the average entry alone
    queue = fills.iter_rows(named=True)
    for row in ledger.iter_rows(named=True):
        realized = slippage = Fraction(0)
        if row["kind"] == "fill":
            fill = next(queue)
            quantity, price = Fraction(fill["quantity"]), Fraction(fill["price"])
            signed = quantity if fill["side"] == "BUY" else -quantity
            before = position
            mid = Fraction(fill["mid_at_decision"])
            if contract is None:
                realized, cost = _realized(position, cost, signed, price)
                slippage = -signed * (price - mid)
            else:
                worth = _coins(signed * Fraction(contract) / price)
                realized, cost = _realized_in_coins(position, cost, signed, worth)
                _, coins = _realized(position, coins, signed, 1 / price)
                slippage = worth - _coins(signed * Fraction(contract) / mid) if mid else Fraction(0)
            position = before + signed
            if taken := Fraction(fill.get("fee_in_base") or 0):
                more, cost = _realized(position, cost, -taken, price)
                realized, position = realized + more, position - taken
            fee = -Fraction(fill["fee"])
            amount = realized + fee
        else:
            signed, price = Fraction(row["quantity"]), Fraction(row["price"])
            fee = Fraction(row["fee"])
            amount = fee + Fraction(row["funding"])
        cash += amount
        entry = Fraction(0)
        if position:
            entry = cost / position if contract is None else position / coins
        yield tuple(map(float, (signed, price, realized, slippage, fee, amount, position, entry, cash)))


def _realized(position: Fraction, cost: Fraction, signed: Fraction, price: Fraction) -> tuple[Fraction, Fraction]:
    """What a fill realizes, and what the position then cost: first what is held is closed, the rest opens."""
    if position * signed >= 0:
        return Fraction(0), cost + signed * price
    closed = -signed if abs(signed) <= abs(position) else position
    average = cost / position
    opened = signed + closed
    return closed * (price - average), cost - closed * average + opened * price


def _coins(amount: Fraction) -> Fraction:
    """Rounded to the eighth decimal, half to even as Python's own `round` does."""
    return Fraction(round(amount * _EIGHT), _EIGHT)


def _realized_in_coins(
    position: Fraction, cost: Fraction, signed: Fraction, worth: Fraction
) -> tuple[Fraction, Fraction]:
    """The same of an inverse contract: what it cost in coins is given back, what it is worth now is paid."""
    if position * signed >= 0:
        return Fraction(0), cost + worth
    closed = min(abs(signed), abs(position))
    back, paid = _coins(cost * closed / abs(position)), _coins(worth * closed / abs(signed))
    return back + paid, cost - back + worth - paid


def _sums(
    document: Mapping[str, Any], ledger: pl.DataFrame, round_trips: pl.DataFrame, starting: Decimal, half: Decimal
) -> Iterator[str]:
    """Totals that must agree to the cent, coins to the last decimal: parts, net, final balance, round trips."""
    totals = {name: sum(ledger[name], Decimal(0)) for name in ("realized", "slippage", "fee", "funding", "amount")}
    expected = {
        "price": totals["realized"] - totals["slippage"],
        "slippage": totals["slippage"],
        "fees": totals["fee"],
        "funding": totals["funding"],
        "net": totals["amount"],
    }
    published = {name: Decimal(document["parts"][name]) for name in expected}
    published["final balance"] = Decimal(document["final_balance"])
    expected["final balance"] = starting + totals["amount"]
    if not ledger.height or ledger["position"][-1] == 0:  # what is still open is in no round trip
        published["net of all round trips"] = sum(round_trips["net"], Decimal(0))
        expected["net of all round trips"] = totals["amount"]
    for name, value in expected.items():
        if abs(value - published[name]) >= half:
            yield f"{name}: published {published[name]}, recomputed {value}"
