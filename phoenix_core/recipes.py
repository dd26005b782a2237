"""What published bytes depend on besides their sources: a digest over the code and the settings that make them.

`code_digest` reads source text and imports nothing, so that the code location can name a recipe without
loading Polars or NautilusTrader. It begins at the functions that make a product and follows every name
that they mention to its definition, through all of `phoenix_core`: a list kept by hand would lie one day.
What is hashed is the syntax tree without comments, docstrings and positions. What a product adds to
its code (registry entry, specification, parameters) is chosen in the `recipe.py` of its package.
"""

import ast
import hashlib
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache, wraps
from pathlib import Path
from typing import Any, cast

from phoenix_core.errors import RecipeUnknown
from phoenix_core.storage.digests import digest_of

_PACKAGE = "phoenix_core"
# Definitions that are not followed, since no byte of a published file comes from them. Each is a claim
# that somebody has to defend, so keep the list short.
_WITHOUT_BYTES = frozenset(
    {
        "alone",  # begins again where another writer was first, and writes nothing
        "errors",  # what is said when nothing is published
        "interrupts",  # whether a run ends, not how
        "lineage",  # names the sources of an entry, which it records beside its recipe
        "manifest",  # finds and records entries, the recipe's holders
        "products",  # names what is made; what it reads is in its recipe as data
        "storage",  # keeps and moves whole files, whatever is in them
    }
)
# Tables of facts. Their functions and classes are code; their rows are not, or one dataset's new entry would
# rebuild all others: a recipe takes the rows that concern it as data.
_TABLES = frozenset({"datasets"})
# Tables with a row for each catalog type, or an added type would rebuild the days of all others: a recipe
# names its type as data, and the function in its row as a root (`root_in`).
_BY_TYPE = frozenset({"datasets:CatalogType", "catalog.convert:CONVERTERS"})

# Works from a checkout and from a wheel alike; both have the sources.
_SOURCES = Path(__file__).parent.parent
_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


# Answers of sources that were read before, and whose they are; see `take_answers`.
_ANSWERS: dict[str, Any] = {}
_ANSWERED_FOR: list[Path] = []


def take_answers(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Believe what was found before of just the sources that are there now, so that they need not be parsed again.

    Returns:
        The answers from now on, to which each new one is added.
    """
    _ANSWERS.update(answers)
    _ANSWERED_FOR[:] = [_SOURCES]
    return _ANSWERS


def _once[**Asked, Answer](ask: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """A question about the sources whose answer is JSON: asked of those that answers were taken for, it is kept."""

    @wraps(ask)
    def asked(*names: Asked.args, **no: Asked.kwargs) -> Answer:
        if _ANSWERED_FOR != [_SOURCES]:
            return ask(*names, **no)
        question = " ".join((ask.__name__, *map(str, names)))
        if question not in _ANSWERS:
            _ANSWERS[question] = ask(*names, **no)
        return cast("Answer", _ANSWERS[question])

    return asked


def sources_digest() -> str:
    """Digest of all sources that a digest of code may cover, as they are: comments, docstrings and all."""
    parts = hashlib.sha256(sys.version.encode())  # by whose parser they were read
    for path in sorted((_SOURCES / _PACKAGE).rglob("*.py")):
        content = path.read_bytes()
        parts.update(f"{path.relative_to(_SOURCES).as_posix()} {len(content)} ".encode())
        parts.update(content)
    return parts.hexdigest()


@cache
@_once
def code_digest(*roots: str) -> str:
    """Digest over the code that the roots reach.

    Args:
        roots: `module:name` of the functions or classes that make a product, without "phoenix_core.".

    Raises:
        RecipeUnknown: A root, or a name of ours that is imported on the way, does not exist.
    """
    return digest_of({name: _defined(name).digest for name in reached(*roots)})


@_once
def root_in(table: str, member: str) -> str:
    """Root that a table of functions keyed by an enum has for one of its members.

    >>> root_in("catalog.convert:CONVERTERS", "BAR")
    'catalog.convert:_bars'

    Raises:
        RecipeUnknown: The table has no such row.
    """
    module, _, name = table.partition(":")
    parsed = _parsed(module)
    for node in (node for statement in parsed.statements.get(name, ()) for node in ast.walk(statement)):
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            if isinstance(key, ast.Attribute) and key.attr == member and isinstance(value, ast.Name):
                return parsed.imported.get(value.id, f"{module}:{value.id}")
    raise RecipeUnknown(
        f"{_PACKAGE}.{table} has no function for {member}: expected a row of that key whose value is a name. Add it."
    )


@_once
def reached(*roots: str) -> list[str]:
    """Names of the definitions that a digest covers, sorted; `_WITHOUT_BYTES` are not followed."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found and not _is_left_out(name):
            found.add(name)
            waiting += _defined(name).mentions
    return sorted(found)


def module_digest(tree: ast.Module) -> str:
    """Digest of a whole module, whoever's it is, without comments, docstrings and positions."""
    reading = _Reading()
    for statement in tree.body:
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            reading.read(statement)
    return hashlib.sha256("".join(reading.text).encode()).hexdigest()


def recipe(code: str, **settings: object) -> str:
    """Digest of code and settings: what an entry records, and Dagster's code version.

    Args:
        code: From `code_digest`.
        settings: Whatever else decides bytes: dataclasses, enums, decimals, dates, JSON values.
    """
    return digest_of({"code": code, "settings": plain(settings)})


def plain(value: object, without: Collection[str] = ()) -> Any:  # noqa: ANN401 - any JSON value
    """A value as JSON holds it, equal for equal values; some fields of a dataclass left out.

    >>> plain({Decimal("0.10"): (date(2024, 3, 30), frozenset("ba"))})
    {'0.10': ['2024-03-30', ['a', 'b']]}
    """
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in without}
    match value:
        case Enum():
            return value.value
        case Decimal() | date():
            return str(value)
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case frozenset() | set():
            return sorted(plain(item) for item in value)
        case list() | tuple():
            return [plain(item) for item in value]
    return value


def _is_left_out(name: str) -> bool:
    module, _, inner = name.partition(":")
    if module.rpartition(".")[2] in {"recipe", "recipes"}:
        return True  # they name what is made and make nothing
    return (
        module.partition(".")[0] in _WITHOUT_BYTES
        or name in _BY_TYPE
        or (module in _TABLES and inner.lstrip("_").isupper())
    )


@dataclass(frozen=True, slots=True)
class _Module:
    """One parsed module.

    Attributes:
        statements: By the top-level name that they bind.
        imported: What imports bind to something of ours: `module:name`, or `module:` for a module itself.
        loose: Statements that bind no name and run at import.
    """

    statements: Mapping[str, tuple[ast.stmt, ...]]
    imported: Mapping[str, str]
    loose: tuple[ast.stmt, ...]


@dataclass(frozen=True, slots=True)
class _Definition:
    """One definition: its digest, and the definitions of ours that it mentions."""

    digest: str
    mentions: frozenset[str]


@cache
def _defined(name: str) -> _Definition:
    module, _, inner = name.partition(":")
    parsed = _parsed(module)
    if inner not in parsed.statements:
        raise RecipeUnknown(
            f"{_PACKAGE}.{name} makes published bytes: expected it defined at the top of its module, found no such "
            "name. Correct the root in the package's recipe.py, or import the name from where it is defined."
        )
    reading = _Reading()
    for statement in (*parsed.statements[inner], *parsed.loose):
        reading.read(statement)
    # An import inside a function binds its name there, and hides none of the module's.
    imported = {**parsed.imported, **_imported(reading.imports)}
    found = {imported.get(word, f"{module}:{word}") for word in reading.names & {*imported, *parsed.statements}}
    found = {one for one in found if not one.endswith(":")}
    found |= {
        imported[owner] + attribute for owner, attribute in reading.attributes if imported.get(owner, "").endswith(":")
    }
    return _Definition(hashlib.sha256("".join(reading.text).encode()).hexdigest(), frozenset(found))


@cache
def _parsed(module: str) -> _Module:
    path = _path(module)
    if not path.is_file():
        raise RecipeUnknown(f"{_PACKAGE}.{module} makes published bytes: expected its source at {path}, found none.")
    body = ast.parse(path.read_bytes()).body
    statements: dict[str, tuple[ast.stmt, ...]] = {}
    loose = []
    for statement in body:
        names = set(_bound(statement))
        for name in names:
            statements[name] = (*statements.get(name, ()), statement)
        if not names and not _is_silent(statement):
            loose.append(statement)
    return _Module(statements, _imported(body), tuple(loose))


def _path(module: str) -> Path:
    return _SOURCES.joinpath(_PACKAGE, *module.split(".")).with_suffix(".py")


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement at the top of a module binds, imports aside."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            yield name
        case ast.TypeAlias(name=ast.Name(id=name)):
            yield name


def _is_silent(statement: ast.stmt) -> bool:
    """Whether it does nothing by itself: a docstring, an import, imports for the type checker alone."""
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
    return False


def _imported(statements: Iterable[ast.stmt]) -> dict[str, str]:
    found = {}
    for statement in statements:
        match statement:
            case ast.ImportFrom(module=str(source), names=aliases, level=0) if source.split(".")[0] == _PACKAGE:
                inner = source.partition(".")[2]
                for alias in aliases:
                    whole = f"{inner}.{alias.name}".lstrip(".")
                    found[alias.asname or alias.name] = (
                        f"{whole}:" if _path(whole).is_file() else f"{inner}:{alias.name}"
                    )
            case ast.Import(names=aliases) if any(alias.name.split(".")[0] == _PACKAGE for alias in aliases):
                raise RecipeUnknown(
                    f"`{ast.unparse(statement)}` can't be followed to what it brings, so no digest would cover it: "
                    f"write `from {_PACKAGE}... import ...`."
                )
    return found


class _Reading:
    """One pass over a definition's tree: its text, the names in it, and the imports inside it.

    Not `ast.dump` and `ast.walk`: what the first leaves out changed between Python versions, and the two
    take several times as long, at each start of the code location.
    """

    def __init__(self) -> None:
        self.text: list[str] = []
        self.names: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.imports: list[ast.stmt] = []

    def read(self, node: ast.AST) -> None:
        """Add a node and all below it."""
        if isinstance(node, ast.Name):
            self.names.add(node.id)
            self.text.append(node.id)
            return
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            self.attributes.add((node.value.id, node.attr))
        elif isinstance(node, ast.ImportFrom | ast.Import):
            self.imports.append(node)
        self.text.append(type(node).__name__)
        for field in node._fields:
            value = getattr(node, field, None)
            # Absent and empty fields are left out, so that a Python with one more of them gives the same text.
            if value is None or value == [] or field == "ctx":
                continue
            self.text.append(f" {field}=(")
            if isinstance(value, list):
                self._read_each(
                    _without_docstring(value) if field == "body" and isinstance(node, _DOCUMENTED) else value
                )
            elif isinstance(value, ast.AST):
                self.read(value)
            else:
                self.text.append(repr(value))
            self.text.append(")")

    def _read_each(self, values: Iterable[object]) -> None:
        for value in values:
            if isinstance(value, ast.AST):
                self.read(value)
            else:
                self.text.append(repr(value))
            self.text.append(",")


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body[0]:
        case ast.Expr(value=ast.Constant(value=str())):
            return body[1:]
    return body
