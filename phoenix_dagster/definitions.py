"""The code location of all symbols: what `dagster dev` and `dagster asset materialize -m` load."""

from phoenix_dagster.code_location import definitions
from phoenix_dagster.deployment.allocator import keep_freed_memory
from phoenix_dagster.deployment.garbage import spare_imports
from phoenix_dagster.settings import settings

spare_imports()
keep_freed_memory()
defs = definitions(settings())
