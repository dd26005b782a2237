"""Bringing a whole data folder elsewhere, such as from a folder of one machine into a bucket of several.

Whatever is there already is not sent again, so that a migration that was interrupted goes on where it stopped. Entries
come last: until they do, the target has no day, and readers there find none that is half brought.
"""

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched

from phoenix_core.errors import ConfigInvalid, InputMissing
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.storage.lake import Lake

_ENTRIES = "manifest/"
# Each file is held in memory while it is sent, and days of quotes are large.
_AT_ONCE = 4
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Migrated:
    """What became of files.

    Attributes:
        copied: Brought, and read back.
        kept: There already, with the same digest.
        bytes: Of those that were brought.
    """

    copied: int = 0
    kept: int = 0
    bytes: int = 0

    def __add__(self, other: "Migrated") -> "Migrated":
        return Migrated(self.copied + other.copied, self.kept + other.kept, self.bytes + other.bytes)


def migrate(source: Lake, target: Lake) -> Iterator[Migrated]:
    """Copy every file, verified, and yield what became of each batch. Nobody may write to the source meanwhile.

    Raises:
        ConfigInvalid: The target is in use: it has entries, and files that are others than the source's.
        CatalogCorrupt: A file was not in the target what it is in the source.
        PhoenixError: What the stores raise.
    """
    names, there = source.names(""), set(target.names(""))
    if any(name.startswith(_ENTRIES) for name in there):
        _refuse_others(source, target, [name for name in names if name in there])
    for is_entry in (False, True):
        chosen = [name for name in names if name.startswith(_ENTRIES) == is_entry]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for batch in batched(chosen, _BATCH):
                yield sum(
                    pool.map(lambda name: _copied(source, target, name, is_there=name in there), batch), Migrated()
                )


def foreign(source: Lake) -> Iterator[Entry]:
    """Days in files of people's own, which stay where they lie: other machines find them only at the same path."""
    manifest = Manifest(source)
    for _, entry in manifest.examined(manifest.recorded()):
        if isinstance(entry, Entry) and entry.is_foreign:
            yield entry


def _refuse_others(source: Lake, target: Lake, names: Sequence[str]) -> None:
    for batch in batched(names, _BATCH):
        pairs = zip(batch, source.each(source.sha256, batch), target.each(target.sha256, batch), strict=True)
        if others := [name for name, mine, theirs in pairs if mine != theirs]:
            raise ConfigInvalid(
                f"{target.address(others[0])} is not {source.address(others[0])} (of {len(others)} files or more): "
                f"{target.location} is in use. Nothing was copied; give another prefix, or delete what is there."
            )


def _copied(source: Lake, target: Lake, name: str, *, is_there: bool) -> Migrated:
    digest = source.sha256(name)
    if digest is None:
        raise InputMissing(f"{source.address(name)} went away: stop whatever writes there, then run this again.")
    if is_there and target.sha256(name) == digest:
        return Migrated(kept=1)
    with target.publishing(name) as staged:
        shutil.copyfile(source.fetch(name, digest), staged)
        size = staged.stat().st_size
    target.fetch(name, digest, fresh=True)
    return Migrated(copied=1, bytes=size)
