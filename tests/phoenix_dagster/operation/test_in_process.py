"""Assets materialized in this process."""

import dagster as dg

from phoenix_dagster.deployment.claims import process_of
from phoenix_dagster.deployment.processes import Identity
from phoenix_dagster.operation.in_process import materialize, reason_of


@dg.asset
def failing():
    """Raises what nobody foresaw, over several lines."""
    raise KeyError("folder\n  of nothing")


@dg.asset
def whole():
    """Needs nothing."""


def test_a_failure_is_in_the_result_with_its_own_words(instance):
    """Not with Dagster's around it, and on one line; what does not need it is done."""
    result = materialize(dg.Definitions([failing, whole]), instance, [failing.key, whole.key])
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert reason_of(event).startswith("KeyError: 'folder")
    assert "\n" not in reason_of(event)
    assert [one.asset_key for one in result.get_asset_materialization_events()] == [whole.key]


def test_a_run_names_its_process_from_the_start(instance):
    """So that one that was killed before it began can be told from one that waits in a queue."""
    result = materialize(dg.Definitions([whole]), instance, [whole.key])
    assert process_of(instance.get_run_by_id(result.run_id)) == Identity.own()
