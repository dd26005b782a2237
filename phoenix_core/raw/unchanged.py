"""Whether a file of people's own is still the one that was hashed, once it was read: they may write to it meanwhile.

Its digest is taken first and its rows are read after it. A file that is replaced or cut between the two would give rows
of other bytes under the digest of the first, and nothing would ever tell.
"""

from pathlib import Path

from phoenix_core.errors import CatalogCorrupt

State = tuple[int, int, int]


def state_of(path: Path) -> State | None:
    """Size, time of change and inode; None where there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def require_unchanged(path: Path, before: State | None) -> None:
    """Hold a file that was read against what it was before it was hashed.

    Raises:
        CatalogCorrupt: Somebody wrote to it, replaced it or took it away.
    """
    if (now := state_of(path)) != before:
        raise CatalogCorrupt(
            f"{path} changed while it was read: expected size, time and inode {before}, found {now}. Nothing was made "
            "of it. Materialize its raw day again, once nobody writes to it."
        )
