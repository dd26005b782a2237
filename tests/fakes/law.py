"""Laws that hold for any strategy, whoever wrote it."""

from phoenix_core.backtest.experiment import Experiment, ReplayMode
from phoenix_core.backtest.result import Result
from phoenix_core.backtest.run import run
from phoenix_core.storage.lake import Lake


def assert_skipping_changes_nothing(lake: Lake, experiment: Experiment) -> tuple[Result, Result]:
    """A skipper is right if its strategy decides, sends and gets the same as on every tick; give both results."""
    skipping, full = (
        run(lake, experiment.model_copy(update={"replay": mode})) for mode in (ReplayMode.SIGNALS, ReplayMode.FULL)
    )
    assert skipping.decisions == full.decisions
    assert skipping.sent == full.sent
    assert skipping.fills.equals(full.fills)
    assert skipping.ledger.rows.equals(full.ledger.rows)
    assert skipping.equity.equals(full.equity)
    assert (skipping.final_balance, skipping.orders) == (full.final_balance, full.orders)
    return skipping, full
