"""What follows the raw files of a recent day by itself: catalog, signals, and if wished the day's backtest.

The manifest decides, not the history: a product that is missing while its inputs are there, or that was made
from other bytes than are there now, is requested, once for each state of its inputs (docs/decisions/0008).
Days outside the ingestion sensor's window are left to backfills.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import dagster as dg

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.lineage import sources_of
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing, utc_today
from phoenix_core.products import Partitions, Product, products_on
from phoenix_core.raw.arrivals import recent_days
from phoenix_core.storage import digest_of
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

INTERVAL_SECONDS = 30
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(slots=True)
class Day:
    """What of a day is to be made, product by product in the order in which they are made.

    Attributes:
        manifest: What is there.
        listing: Market and symbol.
        day: UTC day.
        states: Identity of each product's inputs; a product whose inputs are not all there has none.
        due: Names of products that are missing or out of date.
    """

    manifest: Manifest
    listing: Listing
    day: date
    states: dict[str, str] = field(default_factory=dict)
    due: list[str] = field(default_factory=list)

    def consider(self, product: Product) -> None:
        """Add a product to what is due, if it is; its inputs were considered before."""
        asset = product.asset(self.listing)
        inputs = [one.product.asset(self.listing) for one in product.inputs_on(self.listing.market)]
        entry = self.manifest.find(asset, self.day, self._variant(product))
        if not inputs:  # raw: the ingestion's business
            if entry is not None:
                self.states[asset] = entry.data_version
            return
        if any(name not in self.states for name in inputs):
            return
        state = {name: self.states[name] for name in inputs}
        if product.looks_back:
            state |= {name: version for name, version in self._sources(product).items() if "@" in name}
        self.states[asset] = digest_of(state)
        if entry is None or self._is_old(product, entry) or any(name in self.due for name in inputs):
            self.due.append(asset)

    def _variant(self, product: Product) -> str:
        """Of backtests a day has one for each experiment: the default one is what follows."""
        if not product.has_variants:
            return ""
        return Experiment(listing=str(self.listing), first=self.day, last=self.day).name

    def _sources(self, product: Product) -> dict[str, str]:
        return sources_of(self.manifest, product, self.listing, self.day)

    def _is_old(self, product: Product, entry: Entry) -> bool:
        if product.looks_back:  # an earlier day may have come that the entry does not name
            return dict(entry.sources) != self._sources(product)
        now = {name: self._version(name) for name in entry.sources}
        return now != dict(entry.sources)

    def _version(self, source: str) -> str | None:
        asset, _, day = source.partition("@")
        entry = self.manifest.find(asset, day or self.day)
        return None if entry is None else entry.data_version


def following_sensor(listing: Listing, daily: Sequence[dg.AssetsDefinition], settings: Settings) -> dg.SensorDefinition:
    """Build the sensor of a listing: it requests what is made from the raw files that `ingest` brings.

    Its cursor holds the state of inputs for which each product was requested last, so that a day which fails
    is not tried over and over.
    """
    products = _products(listing, settings)
    names = [product.asset(listing) for product in products]
    partitions = daily[0].partitions_def

    @dg.sensor(
        name=f"follow_{listing.market.value}_{listing.symbol.lower()}",
        target=list(daily),
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if settings.sensors else dg.DefaultSensorStatus.STOPPED,
        description=f"Materializes catalog and signals of {listing} where inputs of a recent day are there or new.",
    )
    def sensor(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SensorResult:
        today = date.fromisoformat(workspace.today) if workspace.today else utc_today()
        before: dict[str, str] = json.loads(context.cursor or "{}")
        cursor: dict[str, str] = {}
        requests = []
        for day in recent_days(today, settings.sensor_days):
            if partitions is None or not partitions.has_partition_key(day.isoformat()):
                continue
            found = _considered(workspace, listing, day, products)
            asked = {name: before[f"{name}@{day}"] for name in names if f"{name}@{day}" in before}
            new = {name: found.states[name] for name in found.due if asked.get(name) != found.states[name]}
            if new and not _is_under_way(context.instance, listing, day):
                requests.append(_request(day, new))
                asked |= new
            cursor |= {f"{name}@{day}": state for name, state in asked.items()}
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason("all that can be made of recent days is up to date"),
            cursor=json.dumps(cursor, sort_keys=True),
        )

    return sensor


def _products(listing: Listing, settings: Settings) -> list[Product]:
    """What is made of single days, each after its inputs; backtests if they are wanted every day."""
    made = products_on(listing.market, settings.kline_intervals)
    daily = (product for product in made if product.partitions is Partitions.DAILY)
    return [product for product in daily if settings.daily_backtest or not product.has_variants]


def _considered(workspace: Workspace, listing: Listing, day: date, products: Sequence[Product]) -> Day:
    found = Day(Manifest(workspace.lake()), listing, day)
    for product in products:
        found.consider(product)
    return found


def _is_under_way(instance: dg.DagsterInstance, listing: Listing, day: date) -> bool:
    """Whether a run is working on the day, alone or in a range: what it will leave is not known yet."""
    runs = instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY))
    return any(
        key.path[:2] == listing.path.split("/")
        for run in runs
        if _first_and_last(run.tags, day)
        for key in run.asset_selection or {dg.AssetKey(listing.path.split("/"))}
    )


def _first_and_last(tags: Mapping[str, str], day: date) -> bool:
    one = tags.get("dagster/partition", "")
    first = tags.get("dagster/asset_partition_range_start", one)
    return bool(first) and first <= day.isoformat() <= tags.get("dagster/asset_partition_range_end", one)


def _request(day: date, new: Mapping[str, str]) -> dg.RunRequest:
    return dg.RunRequest(partition_key=day.isoformat(), asset_selection=[dg.AssetKey(name.split("/")) for name in new])
