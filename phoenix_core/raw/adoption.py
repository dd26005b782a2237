"""A folder's files as raw days of the data folder, all at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from phoenix_core.errors import PhoenixError
from phoenix_core.manifest import Entry
from phoenix_core.raw.own_files import OwnFiles
from phoenix_core.sources.local_tree.inventory import Holding, Inventory
from phoenix_core.sources.local_tree.tree import LocalTree
from phoenix_core.storage.lake import Lake


@dataclass(frozen=True, slots=True)
class Adopted:
    """One day of one holding.

    Attributes:
        holding: Which dataset of which listing.
        day: UTC day.
        entry: Its manifest entry; None where it failed.
        reason: Why it failed, or why nothing is there; empty if it was adopted.
    """

    holding: Holding
    day: date
    entry: Entry | None
    reason: str = ""


def adopt(lake: Lake, tree: LocalTree, inventory: Inventory, wanted: Callable[[Holding], bool]) -> Iterator[Adopted]:
    """Record each day of a folder that lies in one of its files.

    A day that can't be recorded is given with its reason, and holds up no other.

    Args:
        lake: The data folder.
        tree: The folder as a source.
        inventory: What it holds.
        wanted: Which of its holdings.
    """
    for holding in filter(wanted, inventory.holdings):
        own = OwnFiles(lake, tree, holding.dataset, holding.listing)
        for day in holding.by_day:
            try:
                entry = own.day(day)
            except (PhoenixError, OSError) as error:
                yield Adopted(holding, day, None, str(error))
                continue
            if entry is not None:
                yield Adopted(holding, day, entry, entry.reason)
