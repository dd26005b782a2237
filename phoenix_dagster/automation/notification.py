"""Tell a webhook of failed runs and late days; defined only where PHOENIX_NOTIFY_URL is set.

The address is a secret, as Slack's are: it stands in no message, no command line and no log. A receiver that is
away or slow costs a tick a few seconds and a line in its log, nothing else.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import dagster as dg

from phoenix_core.market import Listing
from phoenix_dagster.automation.freshness import late_days, told
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

# From the start of the process that posts to its end, whatever the receiver does.
_SECONDS = 10.0
_POST = [sys.executable, "-m", "phoenix_dagster.operation.post"]
_LATE_SECONDS = 3600
_MOST_CHARACTERS = 2_000

Tell = Callable[[str, Mapping[str, str], logging.Logger], bool]


def webhook(settings: Settings) -> Tell | None:
    """What posts to the receiver and says whether it took the message; None where none is set."""
    if settings.notify_url is None:
        return None
    url = settings.notify_url.get_secret_value()
    to_slack = settings.notify_format == "slack" or (
        settings.notify_format == "auto" and urlsplit(url).hostname == "hooks.slack.com"
    )

    def tell(text: str, facts: Mapping[str, str], log: logging.Logger) -> bool:
        text = text[:_MOST_CHARACTERS]
        body = {"text": text} if to_slack else {"text": text, **facts}
        if refusal := _posted(url, body):
            log.warning("PHOENIX_NOTIFY_URL did not take a message: %s", refusal)
        return not refusal

    return tell


def _posted(url: str, body: Mapping[str, str]) -> str:
    """Post, and say in a word why the receiver did not take it; empty when it did."""
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            _POST, input=json.dumps([url, body]), capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_SECONDS:.0f} s"
    # Its standard error is left aside: a traceback may hold the address.
    return "" if done.returncode == 0 else done.stdout.strip() or f"exit code {done.returncode}"


def failure_sensor(tell: Tell) -> dg.SensorDefinition:
    """Build the sensor that tells of every failed run."""

    @dg.run_failure_sensor(
        name="notify_failures",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        description="Posts each failed run to PHOENIX_NOTIFY_URL.",
    )
    def sensor(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        day = run.tags.get("dagster/partition", "")
        reasons = [_reason(event) for event in context.get_step_failure_events()]
        why = "; ".join(reasons) or context.failure_event.message or "no reason was recorded"
        facts = {"event": "run_failed", "run_id": run.run_id, "job": run.job_name, "day": day, "reason": why}
        tell(f"Phoenix: {day or run.job_name} failed: {why}", facts, context.log)

    return sensor


def _reason(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    given = data.user_failure_data
    said = (given.description if given else None) or (data.error.message.strip() if data.error else "failed")
    return f"{(event.step_key or '').replace('__', '/')}: {said}"


def lateness_sensor(tell: Tell, listings: Sequence[Listing], settings: Settings) -> dg.SensorDefinition:
    """Build the sensor that tells of late days, once each time that they change."""

    @dg.sensor(
        name="notify_late_days",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=_LATE_SECONDS,
        description="Posts days that should be here and are not to PHOENIX_NOTIFY_URL, once.",
    )
    def sensor(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SkipReason:
        before = json.loads(context.cursor or "{}")
        late = {str(listing): told(late_days(listing, workspace, settings)) for listing in listings}
        after = {}
        for listing, line in late.items():
            is_news = bool(line) and line != before.get(listing)
            facts = {"event": "days_late", "listing": listing, "reason": line}
            heard = not is_news or tell(f"Phoenix: {listing} is late: {line}", facts, context.log)
            after[listing] = line if heard else before.get(listing, "")
        context.update_cursor(json.dumps(after))
        return dg.SkipReason("; ".join(f"{listing}: {line or 'nothing late'}" for listing, line in late.items()))

    return sensor
