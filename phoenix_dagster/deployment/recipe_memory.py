"""Digests of code kept between processes.

A code location names the recipe of each asset, and for that parses a hundred sources, at each start of a run. The
digests are the same as long as the sources are, to the byte.

The file holds the digest of the sources that it speaks of and one of itself: what does not match is left aside, and
what is left aside is found anew.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from phoenix_core.recipes import sources_digest, take_answers
from phoenix_core.storage.digests import digest_of

_HOME = "dagster.yaml"
_NAME = "storage/recipes.json"  # beside what steps print


@contextmanager
def remembered_recipes(home: Path) -> Iterator[None]:
    """Take what DAGSTER_HOME knows of the sources as they are, and leave there what was found meanwhile.

    Args:
        home: That folder. Nothing is written where it is none, or can't be written to.
    """
    sources = sources_digest()
    known = _read(home / _NAME, sources)
    answers = take_answers(known)
    yield
    is_new = answers.keys() != known.keys()
    if is_new and (home / _HOME).is_file() and sources_digest() == sources:  # nobody edited one of them in between
        _write(home / _NAME, {"sources": sources, "answers": answers})


def _read(path: Path, sources: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
        digest = document.pop("sha256")
        if document["sources"] == sources and digest == digest_of(document):
            return dict(document["answers"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass  # none yet, or not what was written
    return {}


def _write(path: Path, document: dict[str, Any]) -> None:
    staged = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with suppress(OSError):
        try:
            path.parent.mkdir(exist_ok=True)
            staged.write_text(json.dumps(document | {"sha256": digest_of(document)}), encoding="utf-8")
            staged.replace(path)
        finally:
            staged.unlink(missing_ok=True)
