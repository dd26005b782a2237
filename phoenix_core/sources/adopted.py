"""Folders that a data folder has adopted: remembered beside the data, so that every later run finds them.

`sources/adopted.json` of the data folder lists them in order of preference, each with the answers that were
given for its ambiguous files.
"""

import json
from functools import cache
from pathlib import Path

from phoenix_core.errors import CatalogCorrupt
from phoenix_core.sources.contract import Monthly
from phoenix_core.sources.local_tree.inventory import Answers
from phoenix_core.sources.local_tree.tree import LocalTree
from phoenix_core.storage import Lake, canonical_json

_PATH = "sources/adopted.json"


def adopted(lake: Lake, monthly: Monthly = Monthly.NEVER) -> tuple[LocalTree, ...]:
    """The adopted folders, in their order.

    Raises:
        CatalogCorrupt: The list can't be read.
    """
    path = lake.path(_PATH)
    try:
        return _trees(path.read_bytes(), monthly)
    except FileNotFoundError:
        return ()
    except (ValueError, TypeError, KeyError) as error:
        raise CatalogCorrupt(f"{path} can't be read ({error}). Delete it, and adopt the folders again.") from error


@cache
def _trees(listed: bytes, monthly: Monthly) -> tuple[LocalTree, ...]:
    """Trees of a list, made once a process, since each looks through its folder once."""
    return tuple(LocalTree(Path(one["folder"]), dict(one["answers"]), monthly) for one in json.loads(listed))


def remember(lake: Lake, folder: Path, answers: Answers) -> LocalTree:
    """Put a folder at the end of the list; one that is in it already gets its new answers."""
    tree = LocalTree(folder.expanduser().resolve(), dict(answers))
    trees = {one.root: one for one in adopted(lake)} | {tree.root: tree}
    document = [{"folder": str(one.root), "answers": dict(one.answers)} for one in trees.values()]
    lake.write(_PATH, canonical_json(document))
    return tree
