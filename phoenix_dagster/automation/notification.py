"""Tell a webhook of failed runs and late days; defined only where PHOENIX_NOTIFY_URL is set.

The address is a secret, as Slack's are: it stands in no message. A receiver that is away or slow costs a
tick a few seconds and a line in its log, nothing else.
"""

import http.client
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import dagster as dg

from phoenix_core.market import Listing
from phoenix_dagster.automation.freshness import late_days, told
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

_TIMEOUT_SECONDS = 5.0
_LATE_SECONDS = 3600
_MOST_CHARACTERS = 2_000

Tell = Callable[[str, Mapping[str, str], logging.Logger], bool]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A webhook answers where it stands; elsewhere its secret has no business."""

    def redirect_request(self, *args: object) -> None:
        """Follow none: a redirect is then an HTTPError."""


def webhook(settings: Settings) -> Tell | None:
    """What posts to the receiver and says whether it took the message; None where none is set."""
    if settings.notify_url is None:
        return None
    url = settings.notify_url.get_secret_value()
    to_slack = settings.notify_format == "slack" or (
        settings.notify_format == "auto" and urlsplit(url).hostname == "hooks.slack.com"
    )
    opener = urllib.request.build_opener(_NoRedirects)

    def tell(text: str, facts: Mapping[str, str], log: logging.Logger) -> bool:
        text = text[:_MOST_CHARACTERS]
        body = {"text": text} if to_slack else {"text": text, **facts}
        request = urllib.request.Request(  # noqa: S310 - http or https, as settings.py sees to
            url, json.dumps(body).encode(), {"Content-Type": "application/json", "User-Agent": "phoenix"}
        )
        try:
            opener.open(request, timeout=_TIMEOUT_SECONDS).close()
        except (OSError, http.client.HTTPException) as error:
            # Never the error's own text: it may hold the address.
            code = f" {error.code}" if isinstance(error, urllib.error.HTTPError) else ""
            log.warning("PHOENIX_NOTIFY_URL did not take a message: %s%s", type(error).__name__, code)
            return False
        return True

    return tell


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
