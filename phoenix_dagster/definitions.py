"""The code location of all symbols: what `dagster dev` and `dagster asset materialize -m` load."""

from phoenix_dagster.code_location import definitions
from phoenix_dagster.deployment.garbage import made_for_good
from phoenix_dagster.settings import settings

with made_for_good():
    defs = definitions(settings())
