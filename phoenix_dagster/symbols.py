"""What PHOENIX_SYMBOLS may say: symbols, files of them, patterns that choose among a file's, and code locations."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing

_FILE = "@"
_COMMENT = "#"
_WILD = frozenset("*?[")


def listings_of(text: str) -> tuple[Listing, ...]:
    """Read `um:BTCUSDT,@symbols.txt,um:*USDT`; a listing that stands twice counts once, in its first place.

    A file has one symbol a line; what is behind a # is left aside, and so are empty lines. Its path is one from the
    current folder. Where there are patterns, only those symbols of the files are taken that match one of them; in a
    pattern * stands for any letters, ? for one, [A-F] for one of a range.

    Raises:
        ConfigInvalid: No such file, a line that is no symbol, or a pattern that matches nothing.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    patterns = [part for part in parts if not part.startswith(_FILE) and _WILD & set(part)]
    found: dict[Listing, None] = {}
    matched: set[str] = set()
    for part in parts:
        if part in patterns:
            continue
        if not part.startswith(_FILE):
            found[Listing.parse(part)] = None
            continue
        for listing in _lines(Path(part.removeprefix(_FILE)).expanduser()):
            hits = {pattern for pattern in patterns if fnmatchcase(str(listing), pattern)}
            matched |= hits
            if hits or not patterns:
                found[listing] = None
    _refuse_idle(pattern for pattern in patterns if pattern not in matched)
    return tuple(found)


def _lines(path: Path) -> Iterator[Listing]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8 text"
        raise ConfigInvalid(
            f"PHOENIX_SYMBOLS names the file {path}: {reason}. Give a text file with a symbol a line, such as "
            "um:BTCUSDT."
        ) from error
    for number, line in enumerate(lines, 1):
        if symbol := line.partition(_COMMENT)[0].strip():
            try:
                yield Listing.parse(symbol)
            except ConfigInvalid as error:
                raise ConfigInvalid(f"{path}, line {number}: {error}") from error


def _refuse_idle(patterns: Iterable[str]) -> None:
    for pattern in patterns:
        raise ConfigInvalid(
            f"PHOENIX_SYMBOLS has the pattern {pattern[:60]!r}, which matches no symbol: patterns choose among the "
            "symbols of a file, as in @symbols.txt,um:*USDT. Correct it, or name the file."
        )


def blocks_of(listings: Sequence[Listing], most: int) -> list[tuple[Listing, ...]]:
    """Symbols in code locations of at most `most`, in order: one that is added at the end moves no other.

    >>> [len(block) for block in blocks_of([Listing.parse(f"um:S{number}USDT") for number in range(5)], 2)]
    [2, 2, 1]
    """
    return [tuple(listings[first : first + most]) for first in range(0, len(listings), most)]
