"""Fills and account of a result by the second implementation, from the publisher's zips and the requests alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from phoenix_core.datasets import (
    AGG_TRADES,
    BOOK_DEPTH,
    BOOK_TICKER,
    FUNDING_RATE,
    INDEX_PRICE_KLINES,
    MARK_PRICE_KLINES,
    Dataset,
)
from phoenix_core.errors import InputMissing
from phoenix_core.instruments.delivery import delivery_of
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing, Market, day_start_ns
from phoenix_core.products import INSTRUMENT
from phoenix_core.raw.store import raw_asset
from phoenix_core.storage.lake import Lake
from phoenix_core.verification import files
from phoenix_core.verification.difference import Check, differences
from phoenix_core.verification.replayer import MS, Replayer, Request, Terms

NAME = "fills"
_READ = (AGG_TRADES, BOOK_TICKER, BOOK_DEPTH)
_COLUMNS = ("ts", "order_id", "side", "quantity", "price", "liquidity")
_MONEY = pl.Decimal(38, 12)
_SCHEMA: dict[str, Any] = {
    "ts": pl.Int64,
    "order_id": pl.String,
    "side": pl.String,
    "quantity": _MONEY,
    "price": _MONEY,
    "liquidity": pl.String,
}
_HALF_A_CENT = Decimal("0.005")
_HALF_A_DECIMAL = Decimal("0.000000005")  # of a coin
# Without these an earlier release wrote the experiment.
_NEEDED = frozenset({"prob_fill_on_limit", "prob_slippage", "imply_quotes", "queue_position", "queue_depletion"})


@dataclass(frozen=True, slots=True)
class Tables:
    """What was published of a result; earlier releases published no orders."""

    document: Mapping[str, Any]
    fills: pl.DataFrame
    round_trips: pl.DataFrame
    ledger: pl.DataFrame
    orders: pl.DataFrame | None


def check_fills(lake: Lake, result: Tables) -> Check:
    """Recompute fills, funding and final balance of a result.

    Raises:
        InputMissing: A raw file is gone.
        CatalogCorrupt: A raw file is not what was published.
    """
    raw = _Raw(lake, result)
    if (why := raw.why_not()) or result.orders is None:
        return Check(NAME, 0, left_out=(why,))
    data = files.data_of(*(raw.paths(dataset) for dataset in _READ))
    has_funding = raw.has_funding()
    data.funding = raw.funding() if has_funding else ()
    data.delivery = raw.delivery()
    try:
        second = Replayer(data, map(_request, result.orders.iter_rows(named=True)), raw.terms()).run()
    except files.OutOfOrderError as error:
        return Check(NAME, 0, left_out=(str(error),))
    recomputed = pl.DataFrame(second.fills, schema=_SCHEMA, orient="row")
    found = list(differences(result.fills.select(_COLUMNS), recomputed, ("ts", "order_id")))
    charged = result.ledger.filter(pl.col("funding") != 0).select("ts", pl.col("funding").cast(pl.Decimal(38, 8)))
    if has_funding:
        funded = pl.DataFrame(second.funded(), schema=charged.schema, orient="row")
        found += [f"funding: {one}" for one in differences(charged, funded, ("ts",))]
    found += _balance(result, second, as_published=not has_funding)
    left_out = () if has_funding else ("funding: a day has no rates or no mark prices; taken from the ledger",)
    return Check(NAME, result.fills.height, tuple(found), left_out)


def _balance(result: Tables, second: Replayer, *, as_published: bool) -> Iterator[str]:
    """Hold the final balance to the cent, coins to the last decimal; what only the exchange knows is the ledger's."""
    if balances := result.document.get("balances"):
        recomputed = dict(zip(balances, (second.cash, second.held), strict=True))
        for name, published in balances.items():
            if abs(recomputed[name] - Decimal(published)) >= _HALF_A_DECIMAL:
                yield f"balance in {name}: published {published}, recomputed {recomputed[name]}"
        return
    charges = result.ledger.filter(pl.col("kind") != "fill")
    cash = second.account(Decimal(result.document["experiment"]["venue"]["starting_balance"]))
    cash += sum(charges["fee"], Decimal(0)) + (sum(charges["funding"], Decimal(0)) if as_published else 0)
    final = Decimal(result.document["final_balance"])
    if abs(cash - final) >= (_HALF_A_CENT if second.terms.contract is None else _HALF_A_DECIMAL):
        yield f"final balance: published {final}, recomputed {cash}"


def _request(row: Mapping[str, Any]) -> Request:
    return Request(
        name=row["order_id"],
        sent=row["sent_ns"],
        side=row["side"],
        quantity=row["quantity"],
        limit=row["price"],
        post_only=row["post_only"],
        rests=row["rests"],
        reduce_only=row["reduce_only"],
        forced=row["forced"],
        cancel_sent=row["cancel_sent_ns"],
    )


@dataclass(frozen=True, slots=True)
class _Raw:
    """The publisher's files of a result's days, and the terms of its exchange."""

    lake: Lake
    result: Tables

    @property
    def listing(self) -> Listing:
        return Listing.parse(self.result.document["experiment"]["listing"])

    @property
    def venue(self) -> Mapping[str, Any]:
        venue: Mapping[str, Any] = self.result.document["experiment"]["venue"]
        return venue

    @property
    def days(self) -> list[date]:
        return [date.fromisoformat(day) for day in self.result.document["days"]]

    def why_not(self) -> str:
        """Why the fills can't be recomputed; empty where they can."""
        if self.result.orders is None or not _NEEDED.issubset(self.venue):
            return "an earlier release made the result, without its requests: run it again"
        if self.venue["prob_fill_on_limit"] != 1 or self.venue["prob_slippage"] != 0:
            return "fills were drawn by chance (prob_fill_on_limit, prob_slippage)"
        if self.venue["imply_quotes"] or not all(self._path(BOOK_TICKER, day) for day in self.days):
            return "quotes were implied from trades, which the second implementation does not do"
        others = [path.name for dataset in _READ for path in self.paths(dataset) if path.suffix != ".zip"]
        if others:
            return f"the second implementation reads the publisher's zips alone: found {others[0]}"
        return ""

    def terms(self) -> Terms:
        spec, venue = specification(self.listing, self.days[0]), self.venue
        entry = Manifest(self.lake).find(INSTRUMENT.asset(self.listing), self.days[0])
        facts: Mapping[str, Any] = entry.facts if spec.inferred and entry is not None else {}
        return Terms(
            latency_ns=int(venue["order_latency_ms"] * MS),
            tick=Decimal(facts.get("tick", spec.tick)),
            step=Decimal(facts.get("step", spec.step)),
            maker_fee=spec.maker_fee if venue["maker_fee"] is None else Decimal(venue["maker_fee"]),
            taker_fee=spec.taker_fee if venue["taker_fee"] is None else Decimal(venue["taker_fee"]),
            queue=venue["queue_position"],
            depletion=venue["queue_depletion"],
            contract=spec.contract_size if spec.is_inverse else None,
            spot=venue.get("spot_fee", "received") if self.listing.market is Market.SPOT else "",
            paid=Decimal(venue["starting_balance"]),
        )

    def paths(self, dataset: Dataset) -> list[Path]:
        """Files of the days that have one, oldest first."""
        return [path for day in self.days if (path := self._path(dataset, day))]

    def has_funding(self) -> bool:
        """Whether every day has what its funding is computed from."""
        needed = (FUNDING_RATE, MARK_PRICE_KLINES)
        return all(self._path(dataset, day) is not None for day in self.days for dataset in needed)

    def funding(self) -> list[tuple[int, Decimal, Decimal]]:
        """Time, rate and mark of each funding of the days."""
        found = []
        for day in self.days if self.venue["funding"] else ():
            rates, marks = self._path(FUNDING_RATE, day), self._path(MARK_PRICE_KLINES, day)
            if rates and marks:
                found += files.funding(rates, marks, day_start_ns(day))
        return found

    def delivery(self) -> tuple[int, Decimal, str] | None:
        """The contract's end if it lies on one of the days, and the name of what was closed then."""
        end, day = delivery_of(self.listing), self.listing.delivery
        if end is None or day not in self.days:
            return None
        index = self._path(INDEX_PRICE_KLINES, day)
        if index is None:
            raise InputMissing(f"The index of {day}, by which {self.listing} was delivered, is absent.")
        price = files.delivery_price(index, end.ts, end.minutes).quantize(Decimal(1).scaleb(-self._decimals(day)))
        own = self.result.fills.filter(pl.col("why") == "delivery")["order_id"]
        return end.ts, price, own[0] if own.len() else ""

    def _decimals(self, day: date) -> int:
        return specification(self.listing, day).price_precision

    def _path(self, dataset: Dataset, day: date) -> Path | None:
        if self.listing.market not in dataset.columns:
            return None
        manifest = Manifest(self.lake)
        entry = manifest.find(raw_asset(dataset, self.listing), day)
        if entry is None:
            raise InputMissing(
                f"{raw_asset(dataset, self.listing)} of {day} is needed to recompute fills: it was never materialized."
            )
        return manifest.fetch(entry) if entry.published else None
