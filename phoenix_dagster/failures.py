"""The one place that turns errors of the core into Dagster failures: transient ones may be retried."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from phoenix_core.errors import PhoenixError, TransientError
from phoenix_core.interrupts import ended_by_swallowed_interrupts


@contextmanager
def as_failures() -> Iterator[None]:
    """Raise `dg.Failure` for a Phoenix error, with its sentence, its kind and what caused it.

    Dagster makes an exception of SIGTERM; where a library swallows it, the process ends.
    """
    with ended_by_swallowed_interrupts():
        try:
            yield
        except PhoenixError as error:
            raise failure(str(error), error) from error.__cause__


def failure(message: str, error: PhoenixError) -> dg.Failure:
    """A failure that is retried only if the same call may succeed later."""
    return dg.Failure(
        description=message,
        metadata={"error": type(error).__name__},
        allow_retries=isinstance(error, TransientError),
    )


RETRIES = dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
# For what is not ours to foresee, such as a database that was away for a moment: our own final errors ask for none.
ONCE_MORE = dg.RetryPolicy(max_retries=1, delay=15)
