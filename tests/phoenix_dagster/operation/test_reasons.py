"""Why a run of a backfill failed, in one line, by the events that Dagster gives."""

import pytest

from phoenix_dagster.operation.backfill import _reasons


def run(status, *events):
    return {"status": status, "eventConnection": {"events": list(events)}}


STEP = {"stepKey": "um__btcusdt__agg_trades", "error": {"message": "Failure:\n  not what was published"}}


@pytest.mark.parametrize(
    ("events", "reasons"),
    [
        ([STEP, {"message": "Run failed", "error": None}], [("um/btcusdt/agg_trades", "Failure: not what was published")]),
        ([{"message": "Its process 7 on vm is gone.", "error": None}], [("", "Its process 7 on vm is gone.")]),
        ([{"message": "Run failed", "error": {"message": "psycopg2.OperationalError"}}], [("", "psycopg2.OperationalError")]),
        ([], [("", "the run ended without a reason: see its log")]),
    ],
    ids=["a step", "ended from outside", "an error of the run", "nothing"],
)  # fmt: skip
def test_a_failed_run_says_why(events, reasons):
    """Its steps first; else the run as a whole, by its error or by what its event says."""
    assert list(_reasons(run("FAILURE", *events))) == reasons


def test_a_run_that_did_not_fail_has_no_reason():
    """Also where a step failed and was tried again."""
    assert list(_reasons(run("SUCCESS", STEP))) == []
    assert list(_reasons(run("CANCELED"))) == [("", "the run was cancelled")]
