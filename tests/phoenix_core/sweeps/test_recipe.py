"""What a sweep's table is made by."""

from phoenix_core.recipes import reached
from phoenix_core.sweeps.recipe import ROOTS


def test_the_recipe_follows_the_figures_and_not_the_page():
    """An edit to a chart leaves every table as it is; one to a statistic does not."""
    found = set(reached(*ROOTS))
    assert {"sweeps.statistics:overfitting", "sweeps.trials:Trials", "report.baselines:random_entries"} <= found
    assert not [name for name in found if name.startswith(("sweeps.page:", "sweeps.charts:", "report.page:"))]
