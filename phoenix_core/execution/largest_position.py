"""How large a position may get at an account's leverage: the exchange refuses what would carry it further.

By https://www.binance.com/en/support/faq/360033162192 the more leverage is set the smaller the position that it allows.
"""

from collections.abc import Iterable
from decimal import Decimal

from phoenix_core.execution.rule import Order

_RAW = -16  # power of ten of NautilusTrader's raw prices and quantities


def why_too_large(largest: Decimal | None, held: int, order: Order, resting: Iterable[Order], best: int) -> str:
    """Why an order that arrives is refused; empty where it isn't.

    Args:
        largest: Notional that a position may have, in quote units; None: any. Linear contracts only.
        held: Lots, negative where short.
        order: What arrives.
        resting: What rests, of which orders of the same side count as if they were filled.
        best: Price of what is held, and of an order that has no limit.
    """
    if largest is None:
        return ""
    ours = [
        (one.quantity, best if one.price is None else one.price) for one in (*resting, order) if one.sign == order.sign
    ]
    worth = order.sign * held * best + sum(lots * price for lots, price in ours)
    notional = Decimal(worth).scaleb(2 * _RAW)
    return "" if notional <= largest else f"beyond the largest position at this leverage: {notional:f} of {largest:f}"
