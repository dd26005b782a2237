"""Code locations of bounded size, for hundreds of symbols: `symbols_1`, `symbols_2`, … of this module.

A run's process loads the whole location that its job stands in, and the webserver loads each whole, so that three
hundred symbols in one would cost each run twelve seconds (benchmarks/results.md). `symbols_2` has the second
PHOENIX_SYMBOLS_PER_LOCATION symbols. `phoenix_dagster.definitions` has them all: what the shell's commands load.
"""

import re
from functools import cache

import dagster as dg

from phoenix_dagster.code_location import definitions
from phoenix_dagster.deployment.described_once import describe_once
from phoenix_dagster.deployment.garbage import made_for_good
from phoenix_dagster.deployment.recipe_memory import remembered_recipes
from phoenix_dagster.settings import Settings, dagster_home, settings
from phoenix_dagster.symbols import blocks_of

_NAME = re.compile(r"symbols_([1-9]\d{0,3})")


def __getattr__(name: str) -> dg.Definitions:
    """The code location of that name, as Dagster asks for it by `-a symbols_2` or `attribute: symbols_2`."""
    chosen = settings()
    found = _NAME.fullmatch(name)
    blocks = blocks_of(chosen.symbols, chosen.symbols_per_location)
    if found is None or int(found[1]) > len(blocks):
        raise AttributeError(f"{__name__} has {', '.join(names(chosen))}, and no {name}")
    number = int(found[1])
    describe_once()
    return _made(chosen.model_copy(update={"symbols": blocks[number - 1]}), is_first=number == 1)


@cache
def _made(chosen: Settings, *, is_first: bool) -> dg.Definitions:
    """Made once: a code server asks for the name twice, first for what stands there, then for its repository."""
    with made_for_good(), remembered_recipes(dagster_home()):
        return definitions(chosen, is_first=is_first)


def names(chosen: Settings) -> list[str]:
    """Names of all code locations, in order."""
    return [f"symbols_{number}" for number, _ in enumerate(blocks_of(chosen.symbols, chosen.symbols_per_location), 1)]


def workspace(chosen: Settings) -> str:
    """The `workspace.yaml` that loads all of them."""
    lines = (
        f"  - python_module: {{module_name: {__name__}, attribute: {name}, location_name: {name}}}\n"
        for name in names(chosen)
    )
    return "load_from:\n" + "".join(lines)
