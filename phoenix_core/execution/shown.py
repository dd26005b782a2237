"""One side of the book as it is shown, and how many of its lots are still to be had: rule 9 of docs/fills.md.

Integers only: prices and sizes are mantissas of the same scale throughout. Nothing here knows an order.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Shown:
    """The best price of a side, its lots, and how many of them are ours already.

    A lot that is cancelled and shown again at another price looks like a new one. What can be proven is this: lots
    that are shown now were not shown and taken by others before. So of all that a side showed up to some price, no
    more is to be had than what it shows now and what others took since, less what we took.

    Attributes:
        sign: +1 for asks, -1 for bids: sign × price grows as the price gets worse for whoever takes.
        price: Best price.
        size: Lots shown at it, ours never among them.
    """

    sign: int
    price: int = 0
    size: int = 0
    _taken: int = 0
    _up_to: int = 0

    @property
    def left(self) -> int:
        """Lots shown that we can't have taken already."""
        return max(0, self.size - self._taken)

    @property
    def watched_up_to(self) -> int | None:
        """The worst price that we took from, while lots are ours that others may have to take; None: there are none."""
        return self._up_to if self._taken else None

    def show(self, price: int, size: int) -> None:
        """Follow the next quote. A best price beyond all that we took from means that whatever was there is gone."""
        self.price, self.size = price, size
        if self.sign * (price - self._up_to) > 0:
            self.forget()

    def traded(self, price: int, size: int) -> None:
        """Others took lots: these are not the ones that are shown from now on."""
        if self._taken and self.sign * (price - self._up_to) <= 0:
            self._taken = max(0, self._taken - size)

    def take(self, wanted: int, limit: int) -> int:
        """Take lots at the best price for an order that would go up to a limit, and say how many there were."""
        lots = min(wanted, self.left)
        self.note(lots, limit)
        return lots

    def note(self, lots: int, price: int) -> None:
        """Note lots as taken, from prices up to this one."""
        if lots:
            self._up_to = price if not self._taken else self.sign * max(self.sign * self._up_to, self.sign * price)
            self._taken += lots

    def forget(self) -> None:
        """Forget what was taken."""
        self._taken = self._up_to = 0
