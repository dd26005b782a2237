"""Making a day so that no newer work is overwritten by older, however long its writer slept in between.

What a writer is going to replace is looked at before it reads its sources, and replaced only as it was. Whoever comes
too late begins again, at the question whether the day is current: it then finds the other's work, or newer sources.
"""

from collections.abc import Callable

from phoenix_core.errors import Superseded
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.storage.lake import Lake

# Each time somebody else has published: so many in the time of one day's work is a defect.
_TURNS = 8


def made_alone[Made](lake: Lake, key: Key, make: Callable[[Lake], Made]) -> Made:
    """Make something, again wherever another writer was first.

    Args:
        lake: The data folder.
        key: Of the entry that is recorded last.
        make: Gets the data folder, watched; reads its sources only there, and publishes what it makes of them.

    Raises:
        Superseded: Others were first again and again.
        PhoenixError: What making raises.
    """
    for _ in range(_TURNS - 1):
        try:
            return make(watched(lake, key))
        except Superseded:
            continue
    return make(watched(lake, key))


def watched(lake: Lake, key: Key) -> Lake:
    """The data folder for a writer who replaces this entry and its file only as they are now.

    A file that has no entry yet is looked at when building begins.
    """
    manifest = Manifest(lake)
    files = [
        entry.file
        for _, entry in manifest.examined([key])
        if isinstance(entry, Entry) and entry.published and not entry.is_foreign
    ]
    return lake.watching(key.path, files)
