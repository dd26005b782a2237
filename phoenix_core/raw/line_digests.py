"""Digests of a day's lines, by which two files that say the same in the same words are known without parsing them.

Headers, line ends, blank lines at the end and byte order marks do not count. Equal digests mean equal rows; different
ones mean that somebody must look, since the same number can be written in two ways.

Those of a month's file are taken in one pass over it, and kept in `archive/days/` beside the days that are cut out of
months, so that thirty days that are held against their month do not read it thirty times.
"""

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from threading import Lock

from phoenix_core.datasets import Dataset
from phoenix_core.market import Listing
from phoenix_core.products import asset_name
from phoenix_core.raw.copies import Copy
from phoenix_core.raw.months import days_of_month, without_blank_end
from phoenix_core.sources.contract import SourceFile
from phoenix_core.sources.lines import csv_lines
from phoenix_core.storage.digests import canonical_json
from phoenix_core.storage.lake import Lake

_BLOCK_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
# Days of a range are held against their month at once: the first of them reads it, the others find its digests.
_ONE_MONTH_AT_A_TIME = Lock()


def digest_of_lines(path: Path, dataset: Dataset, listing: Listing, member: str | None) -> str:
    """Digest of the lines of a file.

    Args:
        path: The file.
        dataset: Its registry entry.
        listing: Market and symbol.
        member: Name that the only member of a zip must have; None: any name.

    Raises:
        ArchiveCorrupt: It can't be read to its end.
        ArchiveUnsafe: It is a zip of several files.
    """
    lines = _Lines()
    blocks = csv_lines(path, member, max_ratio=dataset.max_ratio, block_bytes=_BLOCK_BYTES)
    for number, block in enumerate(blocks):
        if number:
            lines.add(block)
            continue
        first, _, rest = block.removeprefix(_BOM).partition(b"\n")
        if first[:1].isalpha() or first[:1] == b'"':
            lines.add_header(first, dataset, listing)
            lines.add(rest)
        else:
            lines.add(block.removeprefix(_BOM))
    return lines.digest


def digests_of_month(lake: Lake, copy: Copy, dataset: Dataset, listing: Listing) -> Mapping[date, str]:
    """Digests of the lines of each day that a month's file has, as they would be if the day had a file of its own.

    Args:
        lake: The data folder, where they are kept for as long as the file stays as it is.
        copy: The month's file.
        dataset: Its registry entry.
        listing: Market and symbol.

    Raises:
        PhoenixError: What reading it raises.
    """
    kept = f"archive/days/{asset_name(listing, dataset.name)}/{copy.file.first:%Y-%m}.lines.json"
    state = [copy.file.name, *copy.state]
    with _ONE_MONTH_AT_A_TIME:
        known = lake.read_many([kept]).get(kept)
        told = json.loads(known) if known else {}
        if told.get("of") != state:
            told = {"of": state, "days": _days_digested(copy.path(lake), copy.file, dataset, listing)}
            lake.write(kept, canonical_json(told))
    return {date.fromisoformat(day): digest for day, digest in told["days"].items()}


def _days_digested(path: Path, file: SourceFile, dataset: Dataset, listing: Listing) -> dict[str, str]:
    found: dict[str, _Lines] = {}
    for day, header, lines in days_of_month(path, dataset, listing.market, (file.first, file.last)):
        if str(day) not in found:
            found[str(day)] = _Lines()
            found[str(day)].add_header(header, dataset, listing)
        found[str(day)].add(lines)
    return {day: lines.digest for day, lines in found.items()}


class _Lines:
    def __init__(self) -> None:
        self._digest = sha256()

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def add_header(self, line: bytes, dataset: Dataset, listing: Listing) -> None:
        """Take a header; none, and one in the registry's order, mean the same."""
        names = [name.strip(b' \r\n"').decode("utf-8", "replace") for name in line.split(b",")]
        if line.strip() and names != [column.name for column in dataset.columns[listing.market]]:
            self._digest.update(line)

    def add(self, lines: bytes) -> None:
        """Take whole lines."""
        plain = lines.replace(b"\r\n", b"\n") if b"\r" in lines else lines
        self._digest.update(without_blank_end(plain) if not plain.isspace() else b"")
