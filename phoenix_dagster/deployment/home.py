"""A home: the folder where Phoenix and Dagster find their settings and keep what they make.

What a home is made of belongs here, how it is brought up to date with a newer Phoenix, and how a command
is called where this Phoenix is installed. What the settings mean does not: phoenix_dagster/settings.py.

In a source tree the shipped files stand at its top; in a wheel beside this module (pyproject.toml copies
them when the wheel is built), so each is written once.
"""

import importlib.util
import os
import re
import shlex
from pathlib import Path

from phoenix_core.errors import ConfigInvalid, StorageFailed
from phoenix_core.storage.digests import sha256_of
from phoenix_dagster.settings_page import env_file

_DAGSTER = "dagster.yaml"
_RECORD = "dagster.yaml.sha256"
_WRITTEN_BY_RUNNING = "# What running Phoenix writes\n"


def source_tree() -> Path | None:
    """The checkout that this Phoenix runs from; None where it was installed from a wheel."""
    root = Path(__file__).parents[2]
    return root if (root / "pyproject.toml").is_file() and (root / _DAGSTER).is_file() else None


def command(words: str) -> str:
    """How a command is typed here: plain after `pip install`, through `uv run` in a source tree."""
    tree = source_tree()
    if tree is None:
        return words
    inside = Path.cwd().is_relative_to(tree)
    return f"uv run {words}" if inside else f"uv run --project {shlex.quote(str(tree))} {words}"


def is_home(folder: Path) -> bool:
    """Whether `phoenix init` made it."""
    return (folder / _RECORD).is_file()


def make_home(folder: Path) -> list[str]:
    """Write what a home lacks, and nothing over what is there.

    Returns:
        Names of the files that were written; none where the home was complete.

    Raises:
        ConfigInvalid: The folder is not a home and has files of these names with other content.
        StorageFailed: The folder can't be written.
    """
    try:
        return _made(folder)
    except OSError as error:
        raise StorageFailed(
            f"{error.filename or folder}: {error.strerror}. Give a folder that can be written."
        ) from error


def _made(folder: Path) -> list[str]:
    wanted = {
        ".env": _with_dagster_home(folder),
        "workspace.yaml": _shipped("workspace.yaml"),
        ".gitignore": ".env\n" + _shipped(".gitignore").partition(_WRITTEN_BY_RUNNING)[2],
        _DAGSTER: _shipped(_DAGSTER),
    }
    missing = {name: text for name, text in wanted.items() if not (folder / name).exists()}
    theirs = [name for name, text in wanted.items() if name not in missing and _read(folder / name) != text]
    if theirs and not is_home(folder):
        raise ConfigInvalid(
            f"{folder} has {', '.join(theirs)} of its own, and nothing was written: "
            "move what is yours elsewhere, or give another folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in missing.items():
        _write(folder / name, text)
    if _DAGSTER in missing or not is_home(folder):
        _record(folder)
    return list(missing)


def refresh_dagster_yaml(folder: Path) -> str | None:
    """Bring the `dagster.yaml` of a home up to this version, without losing what a user wrote into it.

    The digest beside it tells an edited file from one that only is older. An older one is replaced. An
    edited one stays as long as every module of ours that it names exists; after that Dagster could not
    start with it, so it is put aside under another name.

    Returns:
        A line that says what was done; None where nothing was.
    """
    path, shipped = folder / _DAGSTER, _shipped(_DAGSTER)
    found = _read(path) if path.exists() else None
    if found == shipped:
        if not is_home(folder):
            _record(folder)
        return None
    if found is None or _untouched(folder):
        _write(path, shipped)
        _record(folder)
        return None if found is None else f"{path} was that of an earlier Phoenix; it is this one's now."
    gone = _missing_modules(found)
    if not gone:
        return None
    kept = _free_name(folder)
    _write(kept, found)
    _write(path, shipped)
    _record(folder)
    return (
        f"{path} named {', '.join(gone)}, which this Phoenix does not have; it was replaced by this version's. "
        f"The old one is {kept}: carry over what you had changed."
    )


def _shipped(name: str) -> str:
    return _read((source_tree() or Path(__file__).parent / "shipped") / name)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def _write(path: Path, text: str) -> None:
    """Under its name stands the whole file or none."""
    staged = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    staged.write_text(text, encoding="utf-8", errors="surrogateescape")
    staged.replace(path)


def _with_dagster_home(folder: Path) -> str:
    # Dagster's own commands load this file too, and take no relative path.
    escaped = str(folder).replace("\\", "\\\\").replace("'", "\\'")
    note = "# Where Dagster keeps its history: this folder. Correct it when you move the folder."
    return f"{env_file()}\n{note}\nDAGSTER_HOME='{escaped}'\n"


def _record(folder: Path) -> None:
    _write(folder / _RECORD, f"{_digest(folder)}  {_DAGSTER}\n")


def _digest(folder: Path) -> str:
    return sha256_of(folder / _DAGSTER)


def _untouched(folder: Path) -> bool:
    return is_home(folder) and _read(folder / _RECORD).split()[:1] == [_digest(folder)]


def _missing_modules(text: str) -> list[str]:
    named = dict.fromkeys(re.findall(r"^[^#\n]*\bmodule:\s*[\"']?(phoenix_dagster[\w.]*)", text, re.MULTILINE))
    return [name for name in named if not _exists(name)]


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a package above it is gone
        return False


def _free_name(folder: Path) -> Path:
    candidates = (folder / f"{_DAGSTER}.old{number or ''}" for number in range(10_000))
    return next(path for path in candidates if not path.exists())
