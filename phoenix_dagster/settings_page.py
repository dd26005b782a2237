"""Every setting as text, from the model: the `.env` of a new home and the table of the documentation.

What a setting means and which values it takes stands in phoenix_dagster/settings.py alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import ByteSize, SecretStr
from pydantic.fields import FieldInfo

from phoenix_dagster.settings import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a reader sees it."""

    variable: str
    default: str
    meaning: str
    values: str


def all_settings() -> tuple[Setting, ...]:
    """The settings in the order of the model.

    >>> all_settings()[0].variable
    'PHOENIX_DATA'
    """
    prefix = Settings.model_config["env_prefix"]
    return tuple(
        Setting(f"{prefix}{name.upper()}", text_of(field.default), field.description or "", _values(field))
        for name, field in Settings.model_fields.items()
    )


def text_of(value: object) -> str:
    """A setting's value as the environment would hold it; what is secret stays so.

    >>> text_of(("1m", "5m")), text_of(False), text_of(None)
    ('1m,5m', '0', '')
    """
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case ByteSize():
            return value.human_readable()
        case tuple():
            return ",".join(map(str, value))
        case SecretStr():
            return "set"
    return str(value)


def _values(field: FieldInfo) -> str:
    """Bounds of a number, and words that are taken literally; empty where the meaning says it all."""
    return " or ".join([*_bounds(field.metadata), *_words_and_bounds(field.annotation)])


def _words_and_bounds(annotation: Any) -> list[str]:  # noqa: ANN401 - an annotation may be anything
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return [str(word) for word in parts]
    if origin is Annotated:
        return [bound for info in parts[1:] for bound in _bounds(getattr(info, "metadata", []))]
    return [text for part in parts for text in _words_and_bounds(part)]


def _bounds(metadata: Iterable[object]) -> list[str]:
    found = list(metadata)
    least = [str(bound.ge) for bound in found if isinstance(bound, Ge)]
    most = [str(bound.le) for bound in found if isinstance(bound, Le)]
    return [f"{least[0]} to {most[0]}"] if least and most else [f"{bound} or more" for bound in least]


def env_file() -> str:
    """A `.env` with every setting, each commented out at its default."""
    lines = ["# Settings of Phoenix. Remove a # to change one.\n"]
    for one in all_settings():
        values = f" ({one.values})" if one.values else ""
        lines.append(f"\n# {one.meaning}{values}\n# {one.variable}={one.default}\n")
    return "".join(lines)


def settings_table() -> str:
    """A Markdown table of every setting."""
    rows = [
        f"| `{one.variable}` | {one.meaning} | {f'`{one.default}`' if one.default else ''} | {one.values} |\n"
        for one in all_settings()
    ]
    return "| variable | meaning | default | values |\n|---|---|---|---|\n" + "".join(rows)
