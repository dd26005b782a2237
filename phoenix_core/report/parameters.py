"""Parameters of an experiment beside their defaults, as its own models declare them.

Nothing is listed here: names, defaults and descriptions come from the models, values from the published
document. A result that another version of Phoenix made is read all the same: what its document has no
value for is absent, and what the models no longer know has no default.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.strategies.contract import model_of

ABSENT = "absent"

# The unit is in the name where it is not in the type (docs/naming.md).
_UNITS = {"ms": "ms", "secs": "s", "minutes": "min", "days": "days", "ticks": "ticks"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an experiment.

    Attributes:
        section: Field of the experiment that it belongs to, such as `strategy`.
        name: Dotted name within the section.
        value: What was chosen, a JSON scalar, or `ABSENT`.
        default: What it is otherwise, or `ABSENT`.
        description: What it means.
    """

    section: str
    name: str
    value: Any
    default: Any
    description: str

    def text(self, value: Any) -> str:  # noqa: ANN401 - any JSON scalar
        """Write a value of this parameter with its unit, where the name has one; elsewhere the description does."""
        unit = _UNITS.get(self.name.rpartition("_")[2])
        return f"{written(value)} {unit}" if unit and value not in {None, ABSENT} else written(value)

    @property
    def is_default(self) -> bool:
        """Whether the value is the default, however it is written."""
        return bool(comparable(self.value) == comparable(self.default))


def parameters(experiment: Mapping[str, Any]) -> list[Parameter]:
    """Give every parameter of an experiment, as its published document has it, in the order of the models."""
    found: list[Parameter] = []
    for section, field in Experiment.model_fields.items():
        model = model_of(experiment.get(section, {})) if section == "strategy" else field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            known = _declared(model)
            chosen = dict(_flat(experiment.get(section, {})))
            names = [*known, *(name for name in chosen if name not in known)]
            unknown = {name: _OF_ITS_CONFIG if name.startswith("config.") else _UNKNOWN for name in names}
            declared = unknown | known
            silent = _silent(model) - chosen.keys()
            found += [
                Parameter(section, name, chosen.get(name, ABSENT), *declared[name])
                for name in names
                if name not in silent
            ]
    return found


def comparable(value: Any) -> Any:  # noqa: ANN401 - any JSON scalar
    """Give a form in which equal values are equal: 10, "10" and 10.0 are.

    >>> comparable("10.0") == comparable(10)
    True
    """
    if isinstance(value, bool) or value is None:
        return str(value)
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return value


def written(value: Any) -> str:  # noqa: ANN401 - any JSON scalar
    """Write a value for people.

    >>> written("1000000"), written(30.0), written(None), written(True)
    ('1,000,000', '30', 'None', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    number = comparable(value)
    if not isinstance(number, Decimal):
        return str(value)
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_UNKNOWN = (ABSENT, "Not a parameter of this version.")
_OF_ITS_CONFIG = (ABSENT, "Field of the imported strategy's own config.")


def _declared(model: type[BaseModel], prefix: str = "") -> dict[str, tuple[Any, str]]:
    """Default, as JSON has it, and description of each field, by dotted name."""
    defaults = dict(_flat(model().model_dump(mode="json")))
    found: dict[str, tuple[Any, str]] = {}
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= _declared(inner, f"{prefix}{name}.")
        elif field.exclude_if is not None:
            found[f"{prefix}{name}"] = (field.get_default(), field.description or "")
        elif name in defaults:  # not the fields of an imported strategy's config, which only it knows
            found[f"{prefix}{name}"] = (defaults[name], field.description or "")
    return found


def _silent(model: type[BaseModel]) -> set[str]:
    """Fields that a document leaves out where they are as always."""
    return {name for name, field in model.model_fields.items() if field.exclude_if is not None}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
