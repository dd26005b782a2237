"""Pydantic models as Dagster config: the launchpad checks names and types while they are typed.

Only the translation belongs here. Which parameters exist, their defaults, ranges and descriptions are
the models' alone; the models judge ranges again when an experiment is made.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import dagster as dg
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

# A decimal is typed as a number; pydantic reads its shortest form, so that 0.0125 is exactly 0.0125.
_SCALARS = {bool: dg.Bool, int: dg.Int, float: dg.Float, Decimal: dg.Float, str: dg.String}
_ANY_FIELDS = dict[str, Any]
_BOUNDS = ((Gt, "gt", "above"), (Ge, "ge", "at least"), (Lt, "lt", "below"), (Le, "le", "at most"))


def shape_of(model: type[BaseModel], *, without: frozenset[str] = frozenset()) -> dict[str, dg.Field]:
    """Config fields of a model, all of which have defaults.

    Args:
        model: Nested models become nested shapes.
        without: Fields that are given otherwise.
    """
    return {name: _field(found) for name, found in model.model_fields.items() if name not in without}


def defaults_of(model: type[BaseModel], *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The defaults of a model as config that can be run as it stands."""
    return {
        name: _plain(found.get_default(call_default_factory=True))
        for name, found in model.model_fields.items()
        if name not in without
    }


def config_of(model: BaseModel, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The values of a model as config, from which the same model comes again.

    Dagster refuses null in a config; None is the default wherever it is allowed, and left out.
    """
    values = {name: getattr(model, name) for name in type(model).model_fields if name not in without}
    return {
        name: config_of(value) if isinstance(value, BaseModel) else _plain(value)
        for name, value in values.items()
        if value is not None
    }


def exact(config: Mapping[str, Any]) -> dict[str, Any]:
    """Config with whole numbers as integers: 100000.0 and 100000 are one decimal, and one experiment."""
    return {name: exact(value) if isinstance(value, Mapping) else _whole(value) for name, value in config.items()}


def _field(found: FieldInfo) -> dg.Field:
    text = " ".join(filter(None, (found.description, _range(found))))
    if isinstance(found.annotation, type) and issubclass(found.annotation, BaseModel):
        nested = dg.Shape(shape_of(found.annotation))  # type: ignore[no-untyped-call]
        return dg.Field(nested, description=text or _first_line(found))
    default = _plain(found.get_default(call_default_factory=True))
    return dg.Field(_type(found.annotation), default_value=default, is_required=False, description=text or None)


def _first_line(found: FieldInfo) -> str:
    return (found.annotation.__doc__ or "").partition("\n")[0]


def _type(annotation: Any) -> Any:  # noqa: ANN401 - whatever stands behind a field's colon
    if get_origin(annotation) in {Union, UnionType}:
        (inner,) = (one for one in get_args(annotation) if one is not NoneType)
        return dg.Noneable(_type(inner))
    if annotation == _ANY_FIELDS:
        return dg.Permissive()  # type: ignore[no-untyped-call]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _choice(annotation)
    return _SCALARS[annotation]


@cache
def _choice(values: type[Enum]) -> dg.Enum:
    """One config type for each enum: Dagster refuses two of one name."""
    return dg.Enum(values.__name__, [dg.EnumValue(one.value) for one in values])


def _range(found: FieldInfo) -> str:
    words = [
        f"{word} {getattr(bound, name)}"
        for kind, name, word in _BOUNDS
        for bound in found.metadata
        if isinstance(bound, kind)
    ]
    return f"({' and '.join(words)})" if words else ""


def _plain(value: object) -> Any:  # noqa: ANN401 - any config value
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Decimal):
        return _whole(float(value))
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
