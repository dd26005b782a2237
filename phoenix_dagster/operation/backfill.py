"""A Dagster that runs elsewhere: asset backfills launched in it, asked how they are, and cancelled.

What is shown of them stands in `follow`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import batched
from typing import Any

from gql import Client, gql
from gql.transport.exceptions import TransportError
from gql.transport.requests import RequestsHTTPTransport

from phoenix_core.errors import ConfigInvalid, FinalError, SourceUnreachable
from phoenix_core.market import days_between
from phoenix_dagster.deployment.home import command
from phoenix_dagster.operation.selection import chosen

_LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  ... on UnauthorizedError { message } ... on InvalidSubsetError { message }
  ... on PartitionKeysNotFoundError { message } } }"""
_ASSETS = """query { assetNodes { assetKey { path } groupName isPartitioned } }"""
_NAMES = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
  partitionKeys repository { name location { name } } } } }"""
_ADDED = "mutation($selector: RepositorySelector!, $set: String!) { %s }"
_ADD = """a%d: addDynamicPartition(repositorySelector: $selector, partitionsDefName: $set, partitionKey: %s) {
  ... on PythonError { message } ... on UnauthorizedError { message } }"""
_CANCEL = """mutation($id: String!) { cancelPartitionBackfill(backfillId: $id) {
  __typename ... on PythonError { message } ... on UnauthorizedError { message } } }"""
_STATE = """query($id: String!, $tags: [ExecutionTag!]) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PythonError { message } ... on BackfillNotFoundError { message } ... on PartitionBackfill {
    status error { message }
    assetBackfillData { assetBackfillStatuses { ... on AssetPartitionsStatusCounts {
      assetKey { path } numPartitionsTargeted numPartitionsMaterialized numPartitionsFailed } } } } }
  runsOrError(filter: {tags: $tags, statuses: [STARTED]}, limit: 20) { ... on Runs { results {
    tags { key value } stepStats { stepKey status } } } } }"""
_TARGETS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { %s } } }"""
_TARGET = """a%d: partitionsTargetedForAssetKey(assetKey: {path: %s}) { partitionKeys ranges { start end } }"""
_RUNS = """query($tags: [ExecutionTag!], $cursor: String) { runsOrError(filter: {tags: $tags},
  cursor: $cursor, limit: 50) { ... on Runs { results { runId status tags { key value }
  assetMaterializations { assetKey { path } partition }
  eventConnection(limit: 1000) { events {
    ... on ExecutionStepFailureEvent { stepKey error { message } failureMetadata { description } }
    ... on RunFailureEvent { message error { message } } } } } } } }"""
_ENDED = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED", "COMPLETED"}
_PAGE = 50
_AT_ONCE = 50

Target = tuple[str, str]
"""An asset and a day of it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many days of one asset."""

    targeted: int
    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class State:
    """How far a backfill is.

    Attributes:
        status: Dagster's word.
        assets: Days of each asset.
        running: What runs now, by day: assets under way.
        error: Why Dagster gave the whole of it up, if it did.
    """

    status: str
    assets: dict[str, Counts]
    running: dict[str, list[str]]
    error: str = ""

    @property
    def has_ended(self) -> bool:
        """Nothing more will happen."""
        return self.status in _ENDED

    @property
    def is_good(self) -> bool:
        """It ended, and all of it is done."""
        return self.status in {"COMPLETED_SUCCESS", "COMPLETED"}


@dataclass(slots=True)
class Outcome:
    """What became of each day of each asset.

    Attributes:
        targeted: What was asked.
        done: What was materialized.
        failed: What failed, and the reason in one line.
    """

    targeted: set[Target] = field(default_factory=set)
    done: set[Target] = field(default_factory=set)
    failed: dict[Target, str] = field(default_factory=dict)


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
                f"No Dagster answers at {self._url} ({type(error).__name__}). Start one with "
                f"`{command('phoenix ui')}`, or give its address with --url."
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

        Args:
            keys: Assets.
            days: Unbroken; just these are targeted, of each of the assets.
            priority: Runs of a higher one leave the queue first.

        Raises:
            FinalError: Dagster refuses it.
        """
        span = {"range": {"start": str(min(days)), "end": str(max(days))}}
        # Asset by asset. From names of partitions alone Dagster starts at the roots and walks down through what is
        # selected: it would leave out assets below a gap in the selection, without a word.
        return self._launched(
            {
                "partitionsByAssets": [{"assetKey": {"path": list(key)}, "partitions": span} for key in keys],
                "tags": [{"key": "dagster/priority", "value": str(priority)}],
            }
        )

    def launch_named(
        self,
        key: Sequence[str],
        names: Sequence[str],
        then: Sequence[str],
        *,
        set_name: str,
        config: Mapping[str, Any],
    ) -> str:
        """Start a backfill of named partitions, then of an asset without any, and give its id.

        Args:
            key: The asset whose partitions have names.
            names: Of its partitions; those that Dagster does not know yet are added.
            then: The asset that comes after all of them; empty: none does.
            set_name: Of the set of names.
            config: Of the runs.

        Raises:
            ConfigInvalid: Dagster's code location has no such asset.
            FinalError: Dagster refuses it.
        """
        self._add_names(key, names, set_name)
        ranges = [{"start": name, "end": name} for name in names]
        return self._launched(
            {
                "partitionsByAssets": [
                    {"assetKey": {"path": list(key)}, "partitions": {"ranges": ranges}},
                    *([{"assetKey": {"path": list(then)}, "partitions": None}] if then else []),
                ],
                "runConfigData": json.dumps(config),
            }
        )

    def _add_names(self, key: Sequence[str], names: Sequence[str], set_name: str) -> None:
        path = list(key)
        found = self.ask(_NAMES, key={"path": path})["assetNodeOrError"]
        if "repository" not in found:
            raise ConfigInvalid(
                f"Dagster at {self._url} has no asset {'/'.join(path)}: expected the one of this symbol. Add it to "
                "PHOENIX_SYMBOLS there, or restart a Dagster that runs an earlier Phoenix."
            )
        repository = found["repository"]
        selector = {"repositoryName": repository["name"], "repositoryLocationName": repository["location"]["name"]}
        known = set(found["partitionKeys"])
        for some in batched((name for name in names if name not in known), _AT_ONCE):
            parts = " ".join(_ADD % (number, json.dumps(name)) for number, name in enumerate(some))
            added = self.ask(_ADDED % parts, selector=selector, set=set_name)
            if refused := [one["message"] for one in added.values() if "message" in one]:
                raise FinalError(f"Dagster refuses a partition of {'/'.join(path)}: {refused[0]}")

    def _launched(self, parameters: Mapping[str, Any]) -> str:
        launched = self.ask(_LAUNCH, p=parameters)["launchPartitionBackfill"]
        if launched["__typename"] != "LaunchBackfillSuccess":
            raise FinalError(f"Dagster refuses the backfill: {launched.get('message', launched['__typename'])}.")
        return str(launched["backfillId"])

    def cancel(self, backfill: str) -> None:
        """Ask Dagster to end a backfill and its runs.

        Raises:
            FinalError: Dagster refuses.
        """
        said = self.ask(_CANCEL, id=backfill)["cancelPartitionBackfill"]
        if said["__typename"] != "CancelBackfillSuccess":
            raise FinalError(f"Dagster can't cancel {backfill}: {said.get('message', said['__typename'])}")

    def state(self, backfill: str) -> State:
        """How far a backfill is, and what of it runs.

        Raises:
            ConfigInvalid: Nobody answers there.
            SourceUnreachable: Dagster answers, but can't reach its own storage, or never knew that backfill.
        """
        answer = self.ask(_STATE, id=backfill, tags=_tags(backfill))
        found = answer["partitionBackfillOrError"]
        if "status" not in found:
            raise SourceUnreachable(f"Dagster at {self._url} can't say how {backfill} is: {found['message']}")
        data = found["assetBackfillData"] or {"assetBackfillStatuses": []}
        assets = {
            "/".join(one["assetKey"]["path"]): Counts(
                one["numPartitionsTargeted"], one["numPartitionsMaterialized"], one["numPartitionsFailed"]
            )
            for one in data["assetBackfillStatuses"]
            if one
        }
        running = {
            _span(run): [_asset(step["stepKey"]) for step in run["stepStats"] if step["status"] == "IN_PROGRESS"]
            for run in answer["runsOrError"].get("results", ())
        }
        return State(found["status"], assets, running, (found["error"] or {}).get("message", ""))

    def outcome(self, backfill: str, assets: Sequence[str]) -> Outcome:
        """What became of each day: by the events of the backfill's own runs."""
        outcome = Outcome(self._targets(backfill, assets))
        for run in self._runs(backfill):
            made = {("/".join(one["assetKey"]["path"]), one["partition"]) for one in run["assetMaterializations"]}
            outcome.done |= made & outcome.targeted
            for asset, reason in _reasons(run):
                for target in outcome.targeted - made:
                    if (not asset or target[0] == asset) and target[1] in _days(run):
                        outcome.failed[target] = reason
        # A run that was retried has failed once and is done.
        outcome.failed = {target: why for target, why in outcome.failed.items() if target not in outcome.done}
        return outcome

    def _targets(self, backfill: str, assets: Sequence[str]) -> set[Target]:
        if not assets:
            return set()
        paths = [json.dumps(asset.split("/")) for asset in assets]
        parts = " ".join(_TARGET % (number, path) for number, path in enumerate(paths))
        found = self.ask(_TARGETS % parts, id=backfill)["partitionBackfillOrError"]
        return {
            (asset, day) for number, asset in enumerate(assets) for day in _targeted_days(found.get(f"a{number}") or {})
        }

    def _runs(self, backfill: str) -> Iterator[dict[str, Any]]:
        """All runs of a backfill, oldest first, so that a retry comes after what it repeats."""
        pages: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = self.ask(_RUNS, tags=_tags(backfill), cursor=cursor)["runsOrError"]["results"]
            pages += page
            if len(page) < _PAGE:
                return iter(reversed(pages))
            cursor = page[-1]["runId"]


def _tags(backfill: str) -> list[dict[str, str]]:
    return [{"key": "dagster/backfill", "value": backfill}]


def _asset(step: str) -> str:
    return step.replace("__", "/")


def _days(run: dict[str, Any]) -> list[str]:
    """The day of a run, or all days of its range."""
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    if day := tags.get("dagster/partition"):
        return [day]
    ends = [tags.get(f"dagster/asset_partition_range_{end}", "") for end in ("start", "end")]
    if not all(ends) or "@" in ends[0]:
        return [end for end in ends if end]  # of variants, which no calendar orders
    return [str(day) for day in days_between(*map(date.fromisoformat, ends))]


def _span(run: dict[str, Any]) -> str:
    days = _days(run)
    return "" if not days else days[0] if len(days) == 1 else f"{days[0]}…{days[-1]}"


def _targeted_days(targeted: dict[str, Any]) -> Iterator[str]:
    yield from targeted.get("partitionKeys") or ()
    for span in targeted.get("ranges") or ():
        yield from map(str, days_between(date.fromisoformat(span["start"]), date.fromisoformat(span["end"])))


def _reasons(run: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Asset and one-line reason of each step that failed; without an asset where the run failed as a whole."""
    if run["status"] not in {"FAILURE", "CANCELED"}:
        return
    found = False
    whole = "the run was cancelled" if run["status"] == "CANCELED" else "the run ended without a reason: see its log"
    for event in run["eventConnection"]["events"]:
        described = (event.get("failureMetadata") or {}).get("description")
        # A run that was ended from outside, since its process was gone, has no error: its event alone says why.
        message = described or (event.get("error") or {}).get("message") or event.get("message") or ""
        line = " ".join(message.split())
        if event.get("stepKey") and line:
            found = True
            yield _asset(event["stepKey"]), line
        elif line:
            whole = line
    if not found:
        yield "", whole


def in_order(days: Sequence[date], *, newest_first: bool) -> list[list[date]]:
    """Batches of days, each a backfill: the newest alone and before the others, if it is wanted now."""
    ordered = sorted(days)
    return [ordered[-1:], ordered[:-1]] if newest_first and len(ordered) > 1 else [ordered]
