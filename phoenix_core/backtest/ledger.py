"""Every change of the account as a row, and the parts of the PnL.

A fill realizes price PnL against the average entry and pays its fee; funding and liquidation fees stand
on their own. What a fill cost against the mid at its decision is slippage, which is part of the
realized PnL and shown apart. Amounts are in the settlement currency. The parts add up to the account,
or the run fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from phoenix_core.errors import LedgerUnbalanced
from phoenix_core.execution.decisions import Fill, OrderReason
from phoenix_core.execution.holding import Payoff
from phoenix_core.strategies.contract import Annotated

if TYPE_CHECKING:
    from phoenix_core.backtest.settlement import Settled

_LINEAR = Payoff()
_DECIMALS = 12
_MONEY = pl.Decimal(38, _DECIMALS)
_PLACES = Decimal(1).scaleb(-_DECIMALS)
_ONE = Decimal(10**_DECIMALS)  # mantissas of it
_KINDS: Mapping[type, type[pl.DataType]] = {int: pl.Int64, float: pl.Float64, str: pl.String}

LEDGER_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "ts": pl.Int64,
    "kind": pl.String,
    "quantity": _MONEY,
    "price": _MONEY,
    "realized": _MONEY,
    "slippage": _MONEY,
    "fee": _MONEY,
    "funding": _MONEY,
    "amount": _MONEY,
    "position": _MONEY,
    "entry_price": _MONEY,
    "cash": _MONEY,
    "order_id": pl.String,
}
ROUND_TRIP_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "opened_ns": pl.Int64,
    "closed_ns": pl.Int64,
    "side": pl.String,
    "quantity": _MONEY,
    "entry_price": _MONEY,
    "exit_price": _MONEY,
    "realized": _MONEY,
    "slippage": _MONEY,
    "fees": _MONEY,
    "funding": _MONEY,
    "net": _MONEY,
    "closed_by": pl.String,
    "entry_decided_ns": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a PnL, in the settlement currency; their sum is what the account changed by."""

    price: Decimal
    slippage: Decimal
    fees: Decimal
    funding: Decimal

    @property
    def net(self) -> Decimal:
        """The account's change."""
        return self.price + self.slippage + self.fees + self.funding


@dataclass(frozen=True, slots=True)
class Ledger:
    """All changes of an account.

    Attributes:
        rows: One row a change, columns `LEDGER_SCHEMA`, in time order.
        round_trips: One row a round trip from flat to flat, columns `round_trip_schema`.
        parts: Sums.
    """

    rows: pl.DataFrame
    round_trips: pl.DataFrame
    parts: Parts


def round_trip_schema(annotations: Sequence[Annotated]) -> dict[str, Any]:
    """Columns of round trips: `TRIP_SCHEMA`, then what is published of the entry's annotations."""
    return ROUND_TRIP_SCHEMA | {f"entry_{one.name}": _KINDS[one.kind] for one in annotations}


def ledger(
    fills: Sequence[Fill],
    settled: "Sequence[Settled]",
    starting: Decimal,
    final: Decimal | None,
    annotations: Sequence[Annotated] = (),
    *,
    payoff: Payoff = _LINEAR,
) -> Ledger:
    """Post fills and charges, and hold the sum against the account.

    Args:
        fills: In the order they happened.
        settled: Funding and liquidation fees, in order.
        starting: Balance before.
        final: The engine's balance after; None: others share the account, so that all are held against it together.
        annotations: Of orders, which round trips show.
        payoff: How quantities and prices become money.

    Raises:
        LedgerUnbalanced: The parts differ from the account by a cent or more, of an inverse contract by anything.
    """
    book = _Book(starting, annotations, payoff)
    events: list[tuple[int, int, Any]] = [(fill.ts, 0, fill) for fill in fills]
    events += [(charge.ts, 1, charge) for charge in settled]
    for _, is_charge, event in sorted(events, key=lambda item: item[:2]):
        if is_charge:
            book.charge(event)
        else:
            book.fill(event)
    parts = Parts(
        price=sum((row["realized"] - row["slippage"] for row in book.rows), Decimal(0)),
        slippage=sum((row["slippage"] for row in book.rows), Decimal(0)),
        fees=sum((row["fee"] for row in book.rows), Decimal(0)),
        funding=sum((row["funding"] for row in book.rows), Decimal(0)),
    )
    if final is not None:
        require_balance(starting, parts, final, payoff)
    return Ledger(_frame(book.rows, LEDGER_SCHEMA), _frame(book.round_trips, round_trip_schema(annotations)), parts)


def require_balance(starting: Decimal, parts: Parts, final: Decimal, payoff: Payoff) -> None:
    """Hold the parts of a PnL against the account.

    Raises:
        LedgerUnbalanced: They differ from it.
    """
    if abs(starting + parts.net - final) >= payoff.tolerance:
        raise LedgerUnbalanced(
            f"The ledger does not add up: {starting} + {parts.net} by its parts, {final} in the account. "
            "No result was published; this is a defect of Phoenix or of the engine's settings."
        )


class _Book:
    """What is held, and what happened since it was opened."""

    def __init__(self, cash: Decimal, annotations: Sequence[Annotated], payoff: Payoff) -> None:
        self.cash = cash
        self._annotations = annotations
        self._payoff = payoff
        self._holding = payoff.holding()
        self.rows: list[dict[str, Any]] = []
        self.round_trips: list[dict[str, Any]] = []
        self._open_rows: list[tuple[dict[str, Any], Fill | None]] = []

    def fill(self, fill: Fill) -> None:
        signed = fill.quantity if fill.side == "BUY" else -fill.quantity
        realized = self._holding.fill(signed, fill.price)
        if fill.fee_in_base:  # coins of a purchase: sold at its price, as it were, to pay the fee
            realized += self._holding.fill(-fill.fee_in_base, fill.price)
        slippage = self._payoff.slippage(signed, fill.price, fill.decision.mid)
        self._post(
            fill.ts,
            "fill",
            signed,
            fill.price,
            realized,
            slippage,
            -fill.fee,
            Decimal(0),
            fill.order_id,
            fill,
        )

    def charge(self, settled: "Settled") -> None:
        is_funding = settled.kind.value == "funding"
        zero = Decimal(0)
        fee, funding = (zero, settled.amount) if is_funding else (settled.amount, zero)
        self._post(
            settled.ts,
            settled.kind.value,
            settled.quantity,
            settled.price,
            zero,
            zero,
            fee,
            funding,
            "",
            None,
        )

    def _post(  # noqa: PLR0913, PLR0917 - the columns of one row
        self,
        ts: int,
        kind: str,
        quantity: Decimal,
        price: Decimal,
        realized: Decimal,
        slippage: Decimal,
        fee: Decimal,
        funding: Decimal,
        order_id: str,
        fill: Fill | None,
    ) -> None:
        amount = realized + fee + funding
        self.cash += amount
        row = {
            "ts": ts,
            "kind": kind,
            "quantity": quantity,
            "price": price,
            "realized": realized,
            "slippage": slippage,
            "fee": fee,
            "funding": funding,
            "amount": amount,
            "position": self._holding.quantity,
            "entry_price": self._holding.entry if self._holding.quantity else Decimal(0),
            "cash": self.cash,
            "order_id": order_id,
        }
        self.rows.append(row)
        self._open_rows.append((row, fill))
        if self._payoff.is_flat(self._holding.quantity) and kind == "fill":
            self.round_trips.append(_trip(self._open_rows, self._annotations, self._payoff))
            self._open_rows = []


def _trip(
    rows: Sequence[tuple[dict[str, Any], Fill | None]], annotations: Sequence[Annotated], payoff: Payoff
) -> dict[str, Any]:
    fills = [(row, fill) for row, fill in rows if fill is not None]
    first = fills[0][1]
    entries = [row for row, fill in fills if fill.side == first.side]
    exits = [row for row, fill in fills if fill.side != first.side]
    quantity = sum((abs(row["quantity"]) for row in entries), Decimal(0))

    def average(side: list[dict[str, Any]]) -> Decimal:
        return payoff.average([(abs(row["quantity"]), row["price"]) for row in side])

    def total(name: str) -> Decimal:
        return sum((row[name] for row, _ in rows), Decimal(0))

    return {
        "opened_ns": fills[0][0]["ts"],
        "closed_ns": fills[-1][0]["ts"],
        "side": "LONG" if first.side == "BUY" else "SHORT",
        "quantity": quantity,
        "entry_price": average(entries),
        "exit_price": average(exits),
        "realized": total("realized"),
        "slippage": total("slippage"),
        "fees": total("fee"),
        "funding": total("funding"),
        "net": total("amount"),
        "closed_by": fills[-1][1].decision.reason.value,
        "entry_decided_ns": first.decision.ts,
        **{f"entry_{name}": value for name, value in _annotated(first, annotations).items()},
    }


def _annotated(fill: Fill, annotations: Sequence[Annotated]) -> dict[str, Any]:
    """What the decision behind a fill was annotated with, as published."""
    told = dict(reversed(fill.decision.annotations))  # of two with one name the first, as `Decision.annotation` has it
    return {one.name: _as(one, told.get(one.name, one.missing)) for one in annotations}


def _as(declared: Annotated, value: Any) -> Any:  # noqa: ANN401 - an annotation
    return value if value is None else declared.kind(value)


def fills_frame(fills: Sequence[Fill], annotations: Sequence[Annotated] = (), payoff: Payoff = _LINEAR) -> pl.DataFrame:
    """Fills as a table, each with the decision behind it and what that was annotated with.

    On spot also fee_in_base, what its fee took of the coins of a purchase.
    """
    in_base = ("fee_in_base",) if payoff.dust else ()
    rows = [
        {
            "ts": fill.ts,
            "side": fill.side,
            "quantity": fill.quantity,
            "price": fill.price,
            "fee": fill.fee,
            **{name: getattr(fill, name) for name in in_base},
            "liquidity": fill.liquidity,
            "why": fill.decision.reason.value,
            "decided_ns": fill.decision.ts,
            "mid_at_decision": fill.decision.mid,
            **_annotated(fill, annotations),
            "order_id": fill.order_id,
            "trade_id": fill.trade_id,
        }
        for fill in fills
    ]
    schema: dict[str, Any] = {
        "ts": pl.Int64,
        "side": pl.String,
        "quantity": _MONEY,
        "price": _MONEY,
        "fee": _MONEY,
        **dict.fromkeys(in_base, _MONEY),
        "liquidity": pl.String,
        "why": pl.String,
        "decided_ns": pl.Int64,
        "mid_at_decision": _MONEY,
        **{one.name: _KINDS[one.kind] for one in annotations},
        "order_id": pl.String,
        "trade_id": pl.String,
    }
    return _frame(rows, schema)


def closed_at_end(fills: Sequence[Fill]) -> int:
    """Fills that the end of the session forced."""
    return sum(fill.decision.reason is OrderReason.SESSION_END for fill in fills)


def _frame(rows: Sequence[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([_column(name, [row[name] for row in rows], kind) for name, kind in schema.items()])


def _column(name: str, values: list[Any], kind: Any) -> pl.Series:  # noqa: ANN401 - a type of Polars
    """A column; money has twelve decimals, rounded half to even where it has more."""
    if kind != _MONEY or not values:
        return pl.Series(name, values, dtype=kind)
    try:
        mantissas = np.array([round(value * _ONE) for value in values], dtype=np.int64)
    except OverflowError:
        return pl.Series(name, [value.quantize(_PLACES) for value in values], dtype=kind)
    # Polars takes a decimal apart into its digits; given as the 128 bits that it keeps, a column takes half the time.
    bits = np.stack([mantissas, mantissas >> 63], axis=1)
    array = pa.Array.from_buffers(pa.decimal128(38, _DECIMALS), len(values), [None, pa.py_buffer(bits)])
    return pl.Series(name, pl.from_arrow(array))
