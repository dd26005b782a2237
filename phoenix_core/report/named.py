"""Which result people mean: by its folder, by the beginning of its identity, or none at all for the last one."""

import re
from collections.abc import Sequence

from phoenix_core.errors import ConfigInvalid, InputMissing
from phoenix_core.storage.lake import Lake

_ROOT = "backtests"
_SHOWN = 6
_BEGINNING = re.compile(r"(?P<name>[0-9a-f]{1,12})(?:/(?P<span>[-0-9_]*))?")


def result_named(lake: Lake, given: str, documents: Sequence[str]) -> str:
    """Folder of a result.

    Args:
        lake: The data folder.
        given: Its folder below the data folder or its full path; or how its identity begins, with days behind a slash
            or without; empty: that which was written last.
        documents: Names of files of which one stands in it.

    Raises:
        InputMissing: There is none.
        ConfigInvalid: There are several; they are named.
    """
    if not given:
        return _last(lake, documents)
    beginning = _BEGINNING.fullmatch(given)
    if beginning is None:
        return lake.name(given)
    name, span = beginning["name"], beginning["span"] or ""
    folders = _folders(lake, documents)
    if (exact := f"{_ROOT}/{given}") in folders:  # though the name of a longer range begins so, too
        return exact
    found = sorted(
        folder for folder in folders if folder.split("/")[1].startswith(name) and folder.split("/")[2].startswith(span)
    )
    if not found:
        raise InputMissing(
            f"No result in {lake.address(_ROOT)} begins with {given}: expected the identity of an experiment or a "
            "portfolio, such as stands in the name of its folder."
        )
    if len(found) > 1:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise ConfigInvalid(
            f"{given} may be any of {', '.join(found[:_SHOWN])}{more}: give more of it, or the days as well, such as "
            f"{found[0].removeprefix(f'{_ROOT}/')}."
        )
    return found[0]


def _last(lake: Lake, documents: Sequence[str]) -> str:
    files = [f"{folder}/{name}" for folder in _folders(lake, documents) for name in documents]
    written = {name: status.modified_ns for name in files if (status := lake.stat(name))}
    if not written:
        raise InputMissing(f"No backtest lies in {lake.address(_ROOT)}: materialize one first.")
    return max(written, key=written.__getitem__).rpartition("/")[0]


def _folders(lake: Lake, documents: Sequence[str]) -> list[str]:
    """Folders of results, `backtests/<identity>/<days>`."""
    parts = (name.split("/") for name in lake.names(_ROOT))
    return ["/".join(path[:-1]) for path in parts if path[-1] in documents]
