"""The code location of all symbols: what `dagster dev` and `dagster asset materialize -m` load."""

from phoenix_dagster.code_location import definitions
from phoenix_dagster.deployment.described_once import describe_once
from phoenix_dagster.deployment.garbage import made_for_good
from phoenix_dagster.deployment.recipe_memory import remembered_recipes
from phoenix_dagster.settings import dagster_home, settings

describe_once()
with made_for_good(), remembered_recipes(dagster_home()):
    defs = definitions(settings())
