"""What decides the bytes of a sweep's table besides the results in it: its own code, and not that of its page."""

from phoenix_core.recipes import code_digest, recipe

# No product has them: a sweep makes no day of a listing. How points are run is in the recipes of their results.
ROOTS = ("sweeps.table:table", "sweeps.publish:sweep_document", "sweeps.publish:write_tables")


def sweep_recipe() -> str:
    """Recipe of every sweep's table."""
    return recipe(code_digest(*ROOTS))
