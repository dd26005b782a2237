"""Laws that hold for any strategy, whoever wrote it."""

from phoenix_core.backtest.arrays.batch import run_arrays
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


def assert_arrays_change_nothing(lake: Lake, experiments: list[Experiment]) -> list[Result]:
    """Replay over arrays is right if it gives what the engine gives, to the last digit; give its results."""
    found = list(run_arrays(lake, experiments))
    assert [one for one, _ in found] == experiments
    for experiment, arrays in found:
        assert_same_result(arrays, run(lake, experiment))
    return [one for _, one in found]


def assert_same_result(one: Result, other: Result) -> None:
    """All that is published of two results, and what was decided."""
    assert (one.decisions, one.sent) == (other.decisions, other.sent)
    assert one.fills.equals(other.fills)
    assert one.ledger.rows.equals(other.ledger.rows)
    assert one.ledger.round_trips.equals(other.ledger.round_trips)
    assert one.equity.equals(other.equity)
    published = (
        "final_balance", "orders", "days", "missing", "versions", "without", "assumptions", "gaps", "capacity", "interval",
    )  # fmt: skip
    assert {name: getattr(one, name) for name in published} == {name: getattr(other, name) for name in published}
