"""The code location of all symbols: what `dagster dev` and `dagster asset materialize -m` load."""

from phoenix_dagster.code_location import definitions
from phoenix_dagster.deployment.allocator import keep_freed_memory
from phoenix_dagster.deployment.garbage import spare_imports
from phoenix_dagster.deployment.recipe_memory import remembered_recipes
from phoenix_dagster.settings import dagster_home, settings

spare_imports()
keep_freed_memory()
with remembered_recipes(dagster_home()):
    defs = definitions(settings())
