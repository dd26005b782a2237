"""What was decided and what came of it, of any strategy: read off its order events.

A strategy may annotate its orders with tags of the form `name=value` (integers, floats, None, or text);
other tags are kept as they are under the name `tags`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

Annotation = int | float | str | None


class OrderReason(StrEnum):
    """Why an order was sent."""

    ENTRY = "entry"
    EXIT = "exit"
    LIQUIDATION = "liquidation"
    SESSION_END = "session end"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Decision:
    """An order, and what was known when it was decided on.

    Attributes:
        reason: Entry or exit by whether it opposes the position; or what forced it.
        ts: When it was decided, ns.
        mid: Mid of the best quotes that the strategy saw then; 0 without quotes.
        side: BUY or SELL.
        quantity: Base units.
        price: Limit; None: at market.
        annotations: What the strategy said of it, by name.
    """

    reason: OrderReason
    ts: int
    mid: Decimal
    side: str = ""
    quantity: Decimal = Decimal(0)
    price: Decimal | None = None
    annotations: tuple[tuple[str, Annotation], ...] = ()

    def annotation(self, name: str, missing: Annotation = None) -> Annotation:
        """What the strategy said under a name."""
        return next((value for known, value in self.annotations if known == name), missing)


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill, and the decision behind it.

    Attributes:
        ts: When, ns.
        side: BUY or SELL.
        quantity: Base units, or contracts.
        price: Quote units.
        fee: In the settlement currency, whatever it was taken from.
        liquidity: MAKER or TAKER.
        order_id: Of its order.
        trade_id: Its own.
        decision: What was decided.
        fee_in_base: Base units that the fee was taken from; 0: it was taken from the settlement currency.
    """

    ts: int
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    liquidity: str
    order_id: str
    trade_id: str
    decision: Decision
    fee_in_base: Decimal = Decimal(0)


def tags_of(**annotations: Annotation) -> list[str]:
    """Annotations as tags of an order.

    >>> tags_of(bucket=3, lpi=0.9)
    ['bucket=3', 'lpi=0.9']
    """
    return [f"{name}={value}" for name, value in annotations.items()]


def annotations_of(tags: Iterable[str]) -> tuple[tuple[str, Annotation], ...]:
    """Tags of an order as annotations.

    >>> annotations_of(["bucket=3", "lpi=0.9", "ldr=None", "breakout"])
    (('bucket', 3), ('lpi', 0.9), ('ldr', None), ('tags', 'breakout'))
    """
    named, plain = [], []
    for tag in tags:
        name, equals, text = tag.partition("=")
        if equals:
            named.append((name, _value(text)))
        else:
            plain.append(tag)
    return (*named, *([("tags", " ".join(plain))] if plain else []))


def _value(text: str) -> Annotation:
    if text == "None":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
