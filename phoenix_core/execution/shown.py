"""One side of the book as it is shown, and what our own orders have taken of it: rule 9 of docs/fills.md.

Integers only: prices and sizes are mantissas of the same scale throughout. Nothing here knows an order.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Shown:
    """The best price of a side, and the lots there that are still to be had.

    Attributes:
        sign: +1 for asks, -1 for bids: sign × price grows as the price gets worse for whoever takes.
        price: Best price.
        size: Lots shown at it, ours never among them.
    """

    sign: int
    price: int = 0
    size: int = 0
    _taken: dict[int, int] = field(default_factory=dict)
    _walked: tuple[int, int] | None = None

    @property
    def left(self) -> int:
        """Lots shown that no order of ours took."""
        return self.size - self._taken.get(self.price, 0)

    def show(self, price: int, size: int) -> None:
        """Follow the next quote: what is shown anew is to be had, what we took stays taken while it is shown."""
        self.price, self.size = price, size
        if not self._taken and self._walked is None:
            return
        # No price better than the best one holds anything: what comes there later is new.
        self._taken = {at: lots for at, lots in self._taken.items() if self.sign * (at - price) >= 0}
        if self._walked is not None:
            begin, end = (self.sign * at for at in self._walked)
            if self.sign * price > end:
                self._walked = None
            elif self.sign * price > begin and price not in self._taken:
                self._taken[price] = size  # first seen where a walk through the depth has already been
        if price in self._taken:
            self._taken[price] = min(self._taken[price], size)

    def take(self, wanted: int) -> int:
        """Take up to a number of lots at the best price, and say how many there were."""
        lots = min(wanted, self.left)
        if lots > 0:
            self._taken[self.price] = self._taken.get(self.price, 0) + lots
        return max(lots, 0)

    def walk_to(self, price: int) -> None:
        """Note that the depth was taken up to a price: lots first shown up to there are the same ones."""
        begin, end = self._walked or (self.price, price)
        self._walked = (
            self.sign * min(self.sign * begin, self.sign * self.price),
            self.sign * max(self.sign * end, self.sign * price),
        )

    def forget(self) -> None:
        """Forget what was taken."""
        self._taken, self._walked = {}, None
