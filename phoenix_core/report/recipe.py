"""What decides a report besides the result that it shows: its code."""

from phoenix_core.products import REPORT
from phoenix_core.recipes import code_digest, recipe
from phoenix_core.strategies.contract import default_strategy


def report_recipe() -> str:
    """Recipe of every report."""
    return recipe(code_digest(*REPORT.code, *default_strategy().report_roots))
