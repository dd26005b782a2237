"""`phoenix backfill`: an asset backfill launched in the running Dagster, and followed to its end."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from gql import Client, gql
from gql.transport.exceptions import TransportError
from gql.transport.requests import RequestsHTTPTransport
from tqdm import tqdm

from phoenix_core.errors import ConfigInvalid, FinalError, SourceUnreachable
from phoenix_dagster.operation.selection import chosen

_LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  ... on UnauthorizedError { message } ... on InvalidSubsetError { message }
  ... on PartitionKeysNotFoundError { message } } }"""
_ASSETS = """query { assetNodes { assetKey { path } groupName isPartitioned } }"""
_FOLLOW = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PythonError { message } ... on BackfillNotFoundError { message } ... on PartitionBackfill {
  status numPartitions error { message }
  assetBackfillData { assetBackfillStatuses { ... on AssetPartitionsStatusCounts {
    assetKey { path } numPartitionsTargeted numPartitionsMaterialized numPartitionsFailed } } } } } }"""
_RUNS = """query($id: String!) { runsOrError(filter: {tags: [{key: "dagster/backfill", value: $id}],
  statuses: [FAILURE]}, limit: 100) { ... on Runs { results { runId tags { key value }
  stepStats { stepKey status } eventConnection(limit: 1000) { events {
    ... on ExecutionStepFailureEvent { stepKey error { message } failureMetadata { description } } } } } } } }"""
_ENDED = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED", "COMPLETED"}
_POLL_SECONDS = 2.0
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is, counted in days of assets."""

    status: str
    targeted: int
    done: int
    failed: int

    @property
    def has_ended(self) -> bool:
        """Nothing more will happen."""
        return self.status in _ENDED


class RunningDagster:
    """A Dagster that answers at a URL.

    Args:
        url: Of the webserver, `http://127.0.0.1:3000`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = Client(transport=RequestsHTTPTransport(f"{url}/graphql", timeout=60))

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Send a query.

        Raises:
            ConfigInvalid: Nobody answers there.
        """
        request = gql(query)
        request.variable_values = variables
        try:
            return dict(self._client.execute(request))
        except (TransportError, OSError) as error:
            raise ConfigInvalid(
                f"No Dagster answers at {self._url} ({type(error).__name__}). Start one with `uv run dagster dev`, "
                "or give its address with --url."
            ) from error

    def keys(self, market_symbol: str, wanted: Sequence[str]) -> list[list[str]]:
        """Daily assets of a listing by name or stage.

        Raises:
            ConfigInvalid: A name that is neither.
        """
        groups = {
            tuple(node["assetKey"]["path"]): node["groupName"]
            for node in self.ask(_ASSETS)["assetNodes"]
            if node["isPartitioned"]
        }
        return [list(path) for path in chosen(groups, market_symbol, wanted, groups)]

    def launch(self, keys: Sequence[Sequence[str]], days: Sequence[date], *, priority: int = 0) -> str:
        """Start a backfill and give its id.

        Raises:
            FinalError: Dagster refuses it.
        """
        parameters = {
            "assetSelection": [{"path": list(key)} for key in keys],
            "partitionNames": [day.isoformat() for day in days],
            "tags": [{"key": "dagster/priority", "value": str(priority)}],
        }
        launched = self.ask(_LAUNCH, p=parameters)["launchPartitionBackfill"]
        if launched["__typename"] != "LaunchBackfillSuccess":
            raise FinalError(f"Dagster refuses the backfill: {launched.get('message', launched['__typename'])}.")
        return str(launched["backfillId"])

    def progress(self, backfill: str) -> Progress:
        """How far a backfill is.

        Raises:
            ConfigInvalid: Nobody answers there.
            SourceUnreachable: Dagster answers, but can't reach its own storage, or never knew that backfill.
        """
        found = self.ask(_FOLLOW, id=backfill)["partitionBackfillOrError"]
        if "message" in found:
            raise SourceUnreachable(f"Dagster at {self._url} can't say how {backfill} is: {found['message']}")
        statuses = (found["assetBackfillData"] or {"assetBackfillStatuses": []})["assetBackfillStatuses"]
        counts: Counter[str] = Counter()
        for status in statuses:
            for name in ("Targeted", "Materialized", "Failed"):
                counts[name] += status.get(f"numPartitions{name}", 0)
        return Progress(found["status"], counts["Targeted"], counts["Materialized"], counts["Failed"])

    def reasons(self, backfill: str) -> Iterator[tuple[str, str]]:
        """Day and one-line reason of each failed step."""
        for run in self.ask(_RUNS, id=backfill)["runsOrError"]["results"]:
            tags = {tag["key"]: tag["value"] for tag in run["tags"]}
            day = tags.get("dagster/partition") or tags.get("dagster/asset_partition_range_start", "")
            for event in run["eventConnection"]["events"]:
                if event:
                    described = event.get("failureMetadata") or {}
                    message = described.get("description") or (event.get("error") or {}).get("message", "")
                    yield day, f"{event['stepKey'].replace('__', '/')}: {message.strip().splitlines()[0]}"


def follow(dagster: RunningDagster, backfills: Sequence[str], say: Callable[[str], None]) -> bool:
    """Show a bar until the backfills have ended; say what failed and why; whether all of it is done."""
    good = True
    for backfill in backfills:
        with tqdm(desc=backfill, unit="day", total=None) as bar:
            while not (progress := _patiently(partial(dagster.progress, backfill), say)).has_ended:
                _advance(bar, progress)
                time.sleep(_POLL_SECONDS)
            _advance(bar, progress)
        say(f"{backfill}: {progress.status.lower()}, {progress.done} done, {progress.failed} failed")
        for day, reason in dagster.reasons(backfill):
            say(f"  {day} {reason}")
        good = good and progress.status in {"COMPLETED_SUCCESS", "COMPLETED"}
    return good


def _patiently(ask: Callable[[], Progress], say: Callable[[str], None]) -> Progress:
    """Ask again while Dagster restarts: the backfill is the daemon's and goes on without us."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    told = False
    while True:
        try:
            return ask()
        except (ConfigInvalid, SourceUnreachable) as error:
            if time.monotonic() > deadline:
                raise
            if not told:
                say(f"waiting: {error}")
                told = True
            time.sleep(_POLL_SECONDS)


def _advance(bar: Any, progress: Progress) -> None:  # noqa: ANN401 - tqdm's stub is generic
    bar.total = progress.targeted or None
    bar.update(progress.done + progress.failed - bar.n)


def in_order(days: Sequence[date], *, newest_first: bool) -> list[list[date]]:
    """Batches of days, each a backfill: the newest alone and before the others, if it is wanted now."""
    ordered = sorted(days)
    return [ordered[-1:], ordered[:-1]] if newest_first and len(ordered) > 1 else [ordered]
