"""Digest of the source of an imported strategy, and of whatever of its own package it imports.

Packages of others are provenance, as libraries are; a module's own top-level package (or, of a module that
stands alone, its neighbours in the folder) is what its author edits. As in `recipes` comments, docstrings and
formatting change nothing. Modules are found without being run, packages above them aside.
"""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from phoenix_core.errors import ConfigInvalid
from phoenix_core.recipes import module_digest
from phoenix_core.storage import digest_of


def source_digest(*paths: str) -> str:
    """Digest over the modules of these classes and those of the same package that they reach.

    Args:
        paths: `module:Class`.

    Raises:
        ConfigInvalid: A module is not found, has no source, or is no Python.
    """
    digests: dict[str, str] = {}
    waiting = [path.partition(":")[0] for path in paths]
    while waiting:
        module = waiting.pop()
        if module in digests:
            continue
        file = _file(module)
        if file is None:
            raise ConfigInvalid(
                f"The source of {module!r} is not found, so no recipe can name it: expected a module of an installed "
                "package or of the folder that this was started in. Correct strategy.path."
            )
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError) as error:
            raise ConfigInvalid(f"{file} is no Python: {error}. Correct it.") from error
        digests[module] = module_digest(tree)
        waiting += [name for name in set(_imported(tree, module, file)) if _is_own(name, module, file)]
    return digest_of(digests)


def _imported(tree: ast.Module, module: str, file: Path) -> Iterator[str]:
    """Modules that a module may import; a name from a package may be a module or not."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                above = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                whole = ".".join([*above, *([source] if source else [])])
                yield whole
                yield from (f"{whole}.{name.name}" for name in names)


def _is_own(name: str, module: str, file: Path) -> bool:
    """Whether a name is a module with source beside the one that imports it."""
    found = _file(name)
    if found is None:
        return False
    is_same_package = "." in module and name.partition(".")[0] == module.partition(".")[0]
    return is_same_package or found.parent == file.parent


def _file(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
