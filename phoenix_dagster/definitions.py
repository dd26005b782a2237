"""The code location of all symbols: what `dagster dev` and `dagster asset materialize -m` load."""

from phoenix_dagster.code_location import definitions
from phoenix_dagster.settings import settings

defs = definitions(settings())
