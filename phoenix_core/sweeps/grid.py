"""Grids of experiments: `venue.prob_fill_on_limit=0.5:0.9:0.05` and the like, as points to run.

What a field is called and which values it takes is the experiment's own business: every point is validated by
`Experiment` itself before the first one runs. Running them is `sweep.py`'s.
"""

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import ConfigInvalid

_MOST_VALUES = 100_000
# The same data for every point, or the points can't be compared.
_SHARED = ("listing", "first", "last")
_FORMS = "expected NAME=FIRST:LAST:STEP or NAME=VALUE,VALUE,…, such as venue.order_latency_ms=10,30,100"


@dataclass(frozen=True, slots=True)
class Axis:
    """One field of the experiment and the values that it takes, in their order.

    Attributes:
        field: Dotted name, such as `venue.prob_fill_on_limit`.
        values: As they are written; numbers exactly, without trailing zeros.
    """

    field: str
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Axis":
        """Read `NAME=FIRST:LAST:STEP`, the last inclusive where a step meets it, or `NAME=VALUE,VALUE,…`.

        Steps are added as decimals, so that no value is off by a rounding error.

        >>> Axis.parse("venue.prob_fill_on_limit=0.5:0.65:0.05").values
        ('0.5', '0.55', '0.6', '0.65')

        Raises:
            ConfigInvalid: The text has neither form, or its range no end.
        """
        field, equals, given = (part.strip() for part in text.partition("="))
        if not field or not equals or not given:
            raise ConfigInvalid(f"Grid {text[:80]!r} names no values: {_FORMS}.")
        if field in _SHARED:
            raise ConfigInvalid(f"Grid {text[:80]!r} varies {field}, which all points of a sweep share: leave it out.")
        values = _stepped(text, given) if ":" in given else tuple(_plain(part.strip()) for part in given.split(","))
        if "" in values:
            raise ConfigInvalid(f"Grid {text[:80]!r} has an empty value: {_FORMS}.")
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise ConfigInvalid(f"Grid {text[:80]!r} has {', '.join(twice)} twice: give each value once.")
        return cls(field, values)


@dataclass(frozen=True, slots=True)
class Point:
    """One experiment of a grid.

    Attributes:
        values: The value of each axis, by field.
        experiment: What is run; its name is the identity that results and the manifest know it by.
    """

    values: dict[str, str]
    experiment: Experiment


@dataclass(frozen=True, slots=True)
class Grid:
    """Axes, whose values are combined each with each; the last axis varies fastest."""

    axes: tuple[Axis, ...]

    @classmethod
    def parse(cls, texts: Sequence[str]) -> "Grid":
        """Read one axis from each text.

        Raises:
            ConfigInvalid: There is none, one can't be read, or two vary the same field.
        """
        axes = tuple(Axis.parse(text) for text in texts)
        fields = [axis.field for axis in axes]
        if not axes:
            raise ConfigInvalid(f"A sweep needs a grid: {_FORMS}.")
        if twice := sorted({field for field in fields if fields.count(field) > 1}):
            raise ConfigInvalid(f"Two grids vary {', '.join(twice)}: give all values of a field in one.")
        return cls(axes)

    @property
    def count(self) -> int:
        """How many points there are, known before any is made."""
        return math.prod(len(axis.values) for axis in self.axes)

    @staticmethod
    def point(base: Experiment, values: dict[str, str]) -> Point:
        """The point of some values, by field, over an experiment that gives what they don't.

        Raises:
            ConfigInvalid: A field that the experiment does not know, or a value that the field does not take.
        """
        return Point(values, _experiment(base, values))

    def points(self, base: Experiment) -> list[Point]:
        """Every point over an experiment that gives what the axes don't.

        Raises:
            ConfigInvalid: A field that the experiment does not know (those it knows are named), a value that the
                field does not take, or two points that are one experiment.
        """
        found: dict[str, Point] = {}
        for combined in itertools.product(*(axis.values for axis in self.axes)):
            point = self.point(base, dict(zip((axis.field for axis in self.axes), combined, strict=True)))
            same = found.setdefault(point.experiment.name, point)
            if same is not point:
                raise ConfigInvalid(
                    f"Two points of the grid are one experiment, {point.experiment.name}: {same.values} and "
                    f"{point.values}. Leave out the field or value that changes nothing."
                )
        return list(found.values())


def _stepped(text: str, given: str) -> tuple[str, ...]:
    try:
        first, last, step = (Decimal(part.strip()) for part in given.split(":"))
        is_finite = first.is_finite() and last.is_finite() and step.is_finite()
    except (InvalidOperation, ValueError):
        is_finite = False
    if not is_finite:
        raise ConfigInvalid(f"Grid {text[:80]!r} has no range of numbers: {_FORMS}.")
    if step <= 0 or last < first:
        raise ConfigInvalid(f"Grid {text[:80]!r} never ends: expected a step above 0 from the lower to the higher end.")
    if (last - first) / step >= _MOST_VALUES:
        raise ConfigInvalid(f"Grid {text[:80]!r} has more than {_MOST_VALUES:,} values: take a larger step.")
    return tuple(_written(first + number * step) for number in range(int((last - first) / step) + 1))


def _plain(text: str) -> str:
    """Numbers as `_written`, so that 10 and 10.0 are seen to be the same; anything else as it stands."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return _written(number) if number.is_finite() else text


def _written(number: Decimal) -> str:
    return f"{number.normalize() + 0:f}"


def _experiment(base: Experiment, values: dict[str, str]) -> Experiment:
    described = base.model_dump(mode="json")
    for field, text in values.items():
        *path, name = field.split(".")
        inner = described
        for part in path:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ConfigInvalid(f"Grid field {field}: {part} is a single value and has no fields of its own.")
        inner[name] = text if _is_declared(base, path, name) else _scalar(text)
    return Experiment.parse(**described)


def _is_declared(base: Experiment, path: Sequence[str], name: str) -> bool:
    """Whether a model declares the type of a field: it then reads the text itself, exactly."""
    model: object = base
    for part in path:
        model = getattr(model, part, None)
    return isinstance(model, BaseModel) and name in type(model).model_fields


def _scalar(text: str) -> Any:  # noqa: ANN401 - any JSON scalar
    """What a text means where nothing declares its type, such as in the config of a strategy of one's own."""
    try:
        return json.loads(text)
    except ValueError:
        return text
