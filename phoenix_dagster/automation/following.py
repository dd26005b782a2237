"""What follows the raw files of a recent day by itself: catalog, signals, and if wished the day's backtest.

The manifest decides, not the history: a product that is missing while its inputs are there, or that was made
from other bytes than are there now, is requested, once for each state of its inputs (docs/decisions/0008).
Days outside the ingestion sensor's window are left to backfills.
"""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import dagster as dg

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.lineage import sources_of
from phoenix_core.manifest import Entry, Key, Manifest, Remembered
from phoenix_core.market import Listing, utc_today
from phoenix_core.products import Partitions, Product, products_on
from phoenix_core.raw.arrivals import recent_days
from phoenix_core.storage.digests import digest_of
from phoenix_dagster.automation.turns import Turns
from phoenix_dagster.partitions import daily as daily_partitions
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

INTERVAL_SECONDS = 30
SYMBOLS_A_TICK = 25
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
        entry = self.manifest.find(*self.key(product))
        if not inputs:  # raw: the ingestion's business
            if entry is not None:
                self.states[asset] = entry.data_version
            return
        if any(name not in self.states for name in inputs):
            return
        state = {name: self.states[name] for name in inputs}
        if product.reaches_out:
            state |= {name: version for name, version in self._sources(product).items() if name not in state}
        self.states[asset] = digest_of(state)
        if entry is None or self._is_old(product, entry) or any(name in self.due for name in inputs):
            self.due.append(asset)

    def key(self, product: Product) -> Key:
        """Key of a product. Of backtests a day has one for each experiment: the default one is what follows."""
        variant = ""
        if product.has_variants:
            variant = Experiment(listing=str(self.listing), first=self.day, last=self.day).name
        return Key(product.asset(self.listing), self.day.isoformat(), variant)

    def _sources(self, product: Product) -> dict[str, str]:
        return sources_of(self.manifest, product, self.listing, self.day)

    def _is_old(self, product: Product, entry: Entry) -> bool:
        if product.reaches_out:  # an earlier day, or one of spot, may have come that the entry does not name
            return dict(entry.sources) != self._sources(product)
        now = {name: self._version(name) for name in entry.sources}
        return now != dict(entry.sources)

    def _version(self, source: str) -> str | None:
        asset, _, day = source.partition("@")
        entry = self.manifest.find(asset, day or self.day)
        return None if entry is None else entry.data_version


def following_sensor(daily: Sequence[dg.AssetsDefinition], settings: Settings) -> dg.SensorDefinition:
    """Build the sensor of all symbols: it requests what is made from the raw files that `ingest` brings.

    Its cursor says whose turn it is, and of what is still due it holds the state of inputs for which that was
    requested last, so that a day which fails is not tried over and over.
    """
    turns = Turns(settings.symbols, SYMBOLS_A_TICK)
    partitions = daily_partitions(settings)

    @dg.sensor(
        name="follow",
        asset_selection=list(daily),
        minimum_interval_seconds=turns.seconds(INTERVAL_SECONDS),
        default_status=dg.DefaultSensorStatus.RUNNING if settings.sensors else dg.DefaultSensorStatus.STOPPED,
        description=f"Materializes catalog and signals of {turns} where inputs of a recent day are there or new.",
    )
    def sensor(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SensorResult:
        today = date.fromisoformat(workspace.today) if workspace.today else utc_today()
        days = [day for day in recent_days(today, settings.sensor_days) if partitions.has_partition_key(str(day))]
        cursor = json.loads(context.cursor or "{}")
        taken, after = turns.next(cursor.get("turn", 0))
        asked = Asked(cursor.get("asked", {}))
        under_way = context.instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY))
        requests = []
        for listing, day in itertools.product(taken, days):
            found = _considered(workspace, listing, day, _products(listing, settings))
            if new := asked.anew(found, may_ask=not _is_under_way(under_way, listing, day)):
                requests.append(_request(day, new))
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason("all that can be made of recent days is up to date"),
            cursor=json.dumps({"turn": after, "asked": asked.since(days[0]) if days else {}}, sort_keys=True),
        )

    return sensor


@dataclass(frozen=True, slots=True)
class Asked:
    """The state of inputs for which something was requested last, by `asset@day`, as long as it is not made.

    What was made is forgotten: a cursor of a hundred symbols would be a megabyte, written at each tick.
    """

    states: dict[str, str]

    def anew(self, day: Day, *, may_ask: bool) -> list[str]:
        """What of a day is due and was not requested for this state of its inputs; it counts as requested then."""
        names = {name: f"{name}@{day.day}" for name in day.states}
        before = {name: self.states.pop(key, None) for name, key in names.items()}
        new = [name for name in day.due if before[name] != day.states[name]] if may_ask else []
        after = before | {name: day.states[name] for name in new}
        self.states.update({names[name]: state for name in day.due if (state := after[name])})
        return new

    def since(self, first: date) -> dict[str, str]:
        """What is remembered of the days from the first on."""
        return {name: state for name, state in self.states.items() if name.partition("@")[2] >= first.isoformat()}


def _products(listing: Listing, settings: Settings) -> list[Product]:
    """What is made of single days, each after its inputs; backtests if they are wanted every day."""
    made = products_on(listing.market, settings.kline_intervals)
    daily = (product for product in made if product.partitions is Partitions.DAILY)
    return [product for product in daily if settings.daily_backtest or not product.has_variants]


def _considered(workspace: Workspace, listing: Listing, day: date, products: Sequence[Product]) -> Day:
    manifest = Remembered(workspace.lake())
    found = Day(manifest, listing, day)
    manifest.find_many(found.key(product) for product in products)  # all at once, and remembered
    for product in products:
        found.consider(product)
    return found


def _is_under_way(runs: Iterable[dg.DagsterRun], listing: Listing, day: date) -> bool:
    """Whether one of the runs is working on the day, alone or in a range: what it will leave is not known yet."""
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


def _request(day: date, new: Sequence[str]) -> dg.RunRequest:
    return dg.RunRequest(partition_key=day.isoformat(), asset_selection=[dg.AssetKey(name.split("/")) for name in new])
