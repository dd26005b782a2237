"""Which code and which libraries do the work, and which ones the hub has.

A worker whose code differs would publish days by another recipe under the history of the hub. So the daemon, which is
the hub wherever it runs, records its versions in the database that all hosts share, and workers compare.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from dagster._core.storage.runs import RunStorage

from phoenix_core.manifest import versions as libraries

_KEY = "phoenix_hub"
_PACKAGES = ("phoenix_core", "phoenix_dagster")
_ORCHESTRATION = ("dagster", "dagster-postgres")
_SOURCES = Path(__file__).parents[2]
_SHORT = 12


@cache
def own_versions() -> Mapping[str, str]:
    """Versions of this process: Phoenix, its code, Python, and the libraries that leave bytes or start runs."""
    packages = {name: version(name) for name in _ORCHESTRATION}
    python = ".".join(platform.python_version_tuple()[:2])
    return {"phoenix": version("phoenix"), "code": _code(), "python": python, **packages, **libraries()}


def queue_of(versions: Mapping[str, str]) -> str:
    """Name of the queue for runs of a hub with these versions: no other worker ever gets one of them."""
    text = json.dumps(dict(versions), sort_keys=True)
    return f"phoenix-{hashlib.sha256(text.encode()).hexdigest()[:_SHORT]}"


def differences(here: Mapping[str, str], hub: Mapping[str, str]) -> list[str]:
    """What differs, each with both versions.

    >>> differences({"polars": "2.1.0", "code": "1a"}, {"polars": "2.0.0", "code": "1a", "numpy": "2.5.5"})
    ['numpy: none here, 2.5.5 at the hub', 'polars: 2.1.0 here, 2.0.0 at the hub']
    """
    names = sorted({*here, *hub})
    return [
        f"{name}: {here.get(name, 'none')} here, {hub.get(name, 'none')} at the hub"
        for name in names
        if here.get(name) != hub.get(name)
    ]


def announce(storage: RunStorage) -> None:
    """Record the versions of this process as those of the hub."""
    storage.set_cursor_values({_KEY: json.dumps(dict(own_versions()), sort_keys=True)})


def announced(storage: RunStorage) -> Mapping[str, str] | None:
    """Versions of the hub; None where none has run on this database yet."""
    text = storage.get_cursor_values({_KEY}).get(_KEY)
    return json.loads(text) if text else None


def _code() -> str:
    """Digest over all files of both packages. Recipes cover less: what starts runs and records them is code too."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((_SOURCES / package).rglob("*")):
            name = path.relative_to(_SOURCES)
            # Compiled files differ between hosts, and only a wheel has `shipped`, a copy of files of the tree.
            if path.is_file() and not {"__pycache__", "shipped"}.intersection(name.parts):
                digest.update(f"{name.as_posix()}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:_SHORT]
