"""Errors of the core as Dagster failures: each keeps its sentence and kind, and says whether it may be retried."""

import dagster as dg
import pytest

from phoenix_core import errors
from phoenix_core.errors import FinalError, PhoenixError, SourceUnreachable, TransientError
from phoenix_dagster.failures import as_failures, failure

RETRIED = {
    "TransientError", "SourceUnreachable", "TransferIncomplete", "SourceDisagrees", "StorageUnreachable", "Superseded",
}  # fmt: skip
EVERY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PhoenixError)]


def raised(error):
    """The failure that an error becomes."""
    with pytest.raises(dg.Failure) as caught, as_failures():
        raise error
    return caught.value


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_becomes_a_failure_of_its_kind(kind):
    """Its sentence is the description, its class a row; those that RETRIED names may be retried, no others."""
    made = raised(kind("The zip is short: fetch it again."))
    assert made.description == "The zip is short: fetch it again."
    assert made.metadata["error"].value == kind.__name__
    assert made.allow_retries is (kind.__name__ in RETRIED)


def test_an_error_is_either_transient_or_final():
    """One that were neither would be retried by nobody's decision."""
    leaves = set(EVERY) - {PhoenixError}
    assert len(leaves) > len(RETRIED)
    assert [kind for kind in leaves if issubclass(kind, TransientError) is issubclass(kind, FinalError)] == []


def test_what_caused_an_error_causes_its_failure():
    """The log then shows the socket's own words below ours."""
    cause = ConnectionResetError("by peer")
    error = SourceUnreachable("No answer.")
    error.__cause__ = cause
    assert raised(error).__cause__ is cause


def test_what_phoenix_does_not_raise_on_purpose_stays_as_it_is():
    """A bug is no failure of a day: it keeps its type and its trace."""
    with pytest.raises(ZeroDivisionError), as_failures():
        raise ZeroDivisionError


def test_a_step_is_retried_only_where_it_may_help(instance):
    """With one more attempt allowed, a transient error has two and a final one has one."""
    attempts = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=1), config_schema={"error": str})
    def fails(context):
        attempts.append(context.op_config["error"])
        with as_failures():
            raise getattr(errors, context.op_config["error"])("x")

    @dg.job
    def work():
        fails()

    for name in ("SourceUnreachable", "RowsInvalid"):
        config = {
            "ops": {"fails": {"config": {"error": name}}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        }
        assert not work.execute_in_process(instance=instance, run_config=config, raise_on_error=False).success
    assert attempts == ["SourceUnreachable", "SourceUnreachable", "RowsInvalid"]


def test_a_failure_may_say_more_than_its_error():
    """A message of its own replaces the sentence, and the kind stays the error's."""
    made = failure("2024-03-30: no answer", SourceUnreachable("no answer"))
    assert (made.description, made.metadata["error"].value) == ("2024-03-30: no answer", "SourceUnreachable")
