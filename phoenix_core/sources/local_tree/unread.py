"""Files of the archive that Phoenix does not read, known by their names, so that nobody wonders where they went."""

import re

from phoenix_core.datasets import DATASETS
from phoenix_core.market import Interval
from phoenix_core.sources.containers import split_container
from phoenix_core.sources.local_tree.names import read_name

# Why options are left out: docs/decisions/0032-options.md.
_OPTIONS = {
    "bvolindex": "options' volatility index (BVOLIndex), no dataset of Phoenix",
    "eohsummary": "options' hourly summary (EOHSummary), no dataset of Phoenix",
}
_UNFINISHED = re.compile(r"\.(crdownload|part|partial|download|opdownload|aria2|tmp|!ut)$", re.IGNORECASE)
_DATASET_WORDS = tuple(dataset.folder.lower() for dataset in DATASETS)
_WORDS = "|".join([*(dataset.folder for dataset in DATASETS), *Interval])
_STRAYS = (
    (re.compile(r"part-\d{5}-.*"), "a part of a computation that strayed into the archive"),
    (re.compile(r".+-20\d\d-\d"), "a month without a zero before it, which strayed into the archive"),
    (
        re.compile(rf".+-({_WORDS})-20\d\d-\d\d(-\d\d)?"),
        "of a symbol with other letters than A to Z, which Phoenix does not take",
    ),
)


def option_of_name(name: str) -> str | None:
    """What a file of the archive's options is; None: it is none."""
    lower = name.lower()
    return next((reason for word, reason in _OPTIONS.items() if word in lower), None)


def reason_unread(name: str) -> str | None:
    """Why a file whose name can't be read is not used, where it looks like the archive's; None: it does not.

    >>> reason_unread("BTCUSDT-trades-2024-03-30.zip.crdownload")
    'an unfinished download (.crdownload)'
    >>> reason_unread("notes.txt") is None
    True
    """
    stem, container = split_container(name)
    if unfinished := _UNFINISHED.search(name):
        return f"an unfinished download ({unfinished[0]})" if _is_known(name[: unfinished.start()]) else None
    if container is None:
        base, dot, suffix = name.rpartition(".")
        is_known = _is_known(name) or (dot and _is_known(base))
        return f"neither .csv nor .gz nor .zip ({dot}{suffix})" if is_known else None
    return next((reason for pattern, reason in _STRAYS if pattern.fullmatch(stem)), None)


def _is_known(name: str) -> bool:
    """Whether a name, whatever it ends with, has a symbol, a date, and a dataset or the length of a kline."""
    stem, container = split_container(name)
    read = read_name(name if container else f"{stem}.csv")
    return read is not None and (read.interval is not None or any(word in read.words for word in _DATASET_WORDS))
