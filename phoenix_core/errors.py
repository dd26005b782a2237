"""Every error that Phoenix raises, in one tree.

A message says what went wrong, with which thing, what was expected, what was found, and what to do.
An error is either transient (the same call may succeed later) or final (it will not, until something
changes). Nothing else in Phoenix decides what to retry::

    PhoenixError
    ├── TransientError
    │   ├── SourceUnreachable      the archive did not answer, or answered 5xx or 429
    │   ├── TransferIncomplete     the body ended early
    │   ├── SourceDisagrees        zip and checksum differ; both may be in the middle of a replacement
    │   ├── StorageUnreachable     the object store did not answer, or answered 5xx or 429
    │   └── Superseded             another writer published meanwhile, perhaps from newer sources
    └── FinalError
        ├── ConfigInvalid          a setting, symbol, date or experiment that can't mean anything
        ├── SourceNotYet           a recent day that is not out yet
        ├── SourceVanished         a file of people's own that a day was taken from, and that is gone
        ├── SourceForbidden        401, 403 for a whole host, 418, 451
        ├── SourceRefused          a redirect to another host, a body above the size limit, not an archive
        ├── ChecksumMismatch       the published checksum does not belong to the published bytes
        ├── ArchiveUnsafe          a zip that holds more, or other, than one plain CSV of its own name
        ├── ArchiveCorrupt         a zip or CSV that can't be read to its end
        ├── SchemaDrift            columns that the registry does not know
        ├── RowsInvalid            text in a number, conflicting duplicates, rows of another day
        ├── PrecisionMismatch      a price or quantity finer than its instrument
        ├── StorageFailed          the disk is full, read-only, or not ours; a bucket refuses us
        ├── CatalogCorrupt         a published file that is not what its manifest says
        ├── InputMissing           a stage was asked for a day whose inputs are not there
        ├── StrategyFailed         a strategy raised, or the engine stopped early
        ├── ReplayUnsuitable       replay over arrays was asked for what it can't replay
        ├── ReplayDiffers          a result over arrays that the engine does not confirm
        ├── LedgerUnbalanced       parts of the PnL do not add up to the account
        └── RecipeUnknown          code that makes published bytes has no source to be named by
"""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(given: str, known: Iterable[str]) -> str:
    """The known name that was perhaps meant, as a part of a message; empty if none is near.

    >>> nearest("agg_trade", ["agg_trades", "metrics"])
    ' (did you mean agg_trades?)'
    """
    # Case is the usual slip. Only so much of what was given is looked at: the time grows with its square.
    lower = {name.lower(): name for name in known}
    found = get_close_matches(given[:60].lower(), lower, n=1, cutoff=0.6)
    return f" (did you mean {lower[found[0]]}?)" if found else ""


class PhoenixError(Exception):
    """Anything that Phoenix raises on purpose."""


class TransientError(PhoenixError):
    """The same call may succeed later."""


class FinalError(PhoenixError):
    """The same call will fail again until something changes."""


class SourceUnreachable(TransientError):
    """The archive did not answer, or answered that it can't now.

    Args:
        message: What happened.
        retry_after: Seconds that the server asked us to wait, if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TransferIncomplete(TransientError):
    """The body ended before its announced length."""


class SourceDisagrees(TransientError):
    """Zip and checksum differ: perhaps one of them was just replaced."""


class StorageUnreachable(TransientError):
    """The object store did not answer, or not in the end."""


class Superseded(TransientError):
    """What was to be replaced is not what was seen before: another writer was here, perhaps with newer sources."""


class ConfigInvalid(FinalError):
    """A setting, symbol, date or experiment that can't mean anything."""


class SourceNotYet(FinalError):
    """A recent day that the publisher has not put out yet."""


class SourceVanished(FinalError):
    """A file of people's own that a day was taken from, and that is gone."""


class SourceForbidden(FinalError):
    """The archive refuses us."""


class SourceRefused(FinalError):
    """We refuse what the archive sent: a redirect elsewhere, too many bytes, something that is no zip."""


class ChecksumMismatch(FinalError):
    """The published checksum does not belong to the published bytes, also when asked twice."""


class ArchiveUnsafe(FinalError):
    """A zip that holds more, or other, than one plain CSV of its own name."""


class ArchiveCorrupt(FinalError):
    """A zip or a CSV that can't be read to its end."""


class SchemaDrift(FinalError):
    """Columns that the registry does not know, or that are missing."""


class RowsInvalid(FinalError):
    """Rows that can't be counted away: text in numbers, conflicting duplicates, another day's file."""


class PrecisionMismatch(FinalError):
    """A price or quantity with more decimals than its instrument."""


class StorageFailed(FinalError):
    """The disk is full, read-only, or not ours; a bucket is not there, or refuses us."""


class CatalogCorrupt(FinalError):
    """A published file that is not what its manifest says."""


class InputMissing(FinalError):
    """A stage was asked for a day whose inputs are not there."""


class StrategyFailed(FinalError):
    """A strategy raised, or the engine stopped before the end of its data."""


class ReplayUnsuitable(FinalError):
    """Replay over arrays was asked for what it can't replay."""


class ReplayDiffers(FinalError):
    """A result over arrays is another than NautilusTrader's replay gives."""


class LedgerUnbalanced(FinalError):
    """The parts of a PnL do not add up to the account's change."""


class RecipeUnknown(FinalError):
    """Code that makes published bytes has no source to be named by."""
