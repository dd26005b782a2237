"""What follows the raw files of a new day: decided by the manifest, asked for once for each state of its inputs."""

import json
from datetime import date, timedelta

import dagster as dg
import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.datasets import DATASETS
from phoenix_core.lineage import sources_of
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.products import SIGNALS
from phoenix_core.storage.digests import digest_of
from phoenix_dagster.assets import catalog
from phoenix_dagster.automation import following
from phoenix_dagster.resources import Workspace

TODAY = date(2024, 4, 2)
YESTERDAY = TODAY - timedelta(1)
OLD = TODAY - timedelta(60)
UM = Listing.parse("um:BTCUSDT")
RAW = {dataset.name for dataset in DATASETS if UM.market in dataset.columns and dataset.interval in {None, "1m"}}
# What does not look at its inputs' bytes: the constants of a listed instrument.
FIXED = {"instrument"}


class Follow:
    """A data folder and the sensor over it."""

    def __init__(self, defs, instance, lake):
        self.graph = defs.resolve_asset_graph()
        self._defs, self._instance, self._lake, self._cursor = defs, instance, lake, None
        self._sensor = defs.resolve_sensor_def("follow")

    @property
    def asked(self):
        """Assets with their days that the cursor remembers."""
        return set(json.loads(self._cursor)["asked"])

    def lose(self, name, day):
        """Delete a product's entry, as `doctor` does with what is damaged."""
        self._lake.remove(Manifest.path(f"um/btcusdt/{name}", day))

    def bring(self, names, day, version="1", symbol="btcusdt"):
        """Record raw days, as the ingestion leaves them."""
        for name in names:
            entry = Entry(f"um/{symbol}/{name}", str(day), published=True, sha256=digest_of([name, str(day), version]))
            Manifest(self._lake).record(entry)

    def make(self, requested, recipe=""):
        """Record products as their stages leave them: from what is there, their bytes a digest of it."""
        manifest = Manifest(self._lake)
        for name, day in sorted(requested, key=lambda one: (self.depth(one[0]), one)):
            sources = {dep: entry.data_version for dep in self.inputs(name) if (entry := manifest.find(dep, day))}
            if name == "signals":
                sources = sources_of(manifest, SIGNALS, UM, day)
            digest = digest_of([name, day.isoformat(), {} if name in FIXED else sources])
            variant = Experiment(listing=str(UM), first=day, last=day).name if name == "backtest" else ""
            entry = Entry(
                f"um/btcusdt/{name}",
                str(day),
                published=True,
                sha256=digest,
                variant=variant,
                sources={} if name in FIXED else sources,
                recipe=recipe,
            )
            manifest.record(entry)

    def inputs(self, name):
        return [key.to_user_string() for key in self.graph.get(dg.AssetKey(["um", "btcusdt", name])).parent_keys]

    def depth(self, name):
        return 1 + max((self.depth(dep.rsplit("/", 1)[-1]) for dep in self.inputs(name)), default=0)

    def forget(self):
        """Lose the cursor, as when somebody resets the sensor."""
        self._cursor = None

    def tick(self):
        """Evaluate; give names with days."""
        workspace = Workspace(data=str(self._lake.store.root), archive_url=str(self._lake.store.root))
        with dg.build_sensor_context(
            instance=self._instance, cursor=self._cursor, definitions=self._defs, resources={"workspace": workspace}
        ) as context:
            data = self._sensor.evaluate_tick(context)
        self._cursor = data.cursor
        requests = data.run_requests or []
        assert len({request.partition_key for request in requests}) == len(requests), "one run for a day"
        return {
            (key.path[-1], YESTERDAY.fromisoformat(request.partition_key))
            for request in requests
            for key in request.asset_selection
        }

    def group(self, *stages):
        names = {f"um_btcusdt_{stage}" for stage in stages}
        return {key.path[-1] for key in self.graph.materializable_asset_keys if self.graph.get(key).group_name in names}


@pytest.fixture(autouse=True)
def _today(noon_of):
    noon_of(TODAY)


@pytest.fixture
def start(make_defs, instance, lake):
    def make(**settings):
        first = TODAY - timedelta(90)
        defs = make_defs(lake.store.root, lake.store.root, start=first, **({"sensor_days": 3} | settings))
        return Follow(defs, instance, lake)

    return make


@pytest.fixture
def follow(start):
    return start()


def products(follow, day):
    return {(name, day) for name in follow.group("catalog", "signals")}


def test_catalog_and_signals_follow_a_new_day(follow):
    """The raw files of yesterday bring its catalog and its signals, in one run; not its backtest. Made, all is still."""
    assert follow.tick() == set()
    follow.bring(RAW, YESTERDAY)
    requested = follow.tick()
    assert requested == products(follow, YESTERDAY)
    follow.make(requested)
    assert follow.tick() == set()


def test_days_that_were_ingested_before_it_came_on_follow(follow):
    """Three days of raw files and a sensor that never ran: all three, at its first look."""
    days = [YESTERDAY - timedelta(back) for back in range(3)]
    for day in days:
        follow.bring(RAW, day)
    assert follow.tick() == set().union(*(products(follow, day) for day in days))


def test_what_failed_is_not_tried_over_and_over(follow):
    """Requested and not made, it waits until an input is another; what is made meanwhile changes nothing."""
    follow.bring(RAW, YESTERDAY)
    follow.tick()
    assert follow.tick() == set()
    follow.make({("open_interest", YESTERDAY), ("mark_prices", YESTERDAY)})
    assert follow.tick() == set()
    follow.bring({"agg_trades"}, YESTERDAY, "mended")
    names = {name for name, _ in follow.tick()}
    assert names == {"trade_ticks", "instrument", "consistency", "quote_hull", "volume_buckets", "signals"}


def test_a_replaced_file_flows_downstream_and_to_the_days_that_look_back_on_it(follow):
    """New trades of a day bring what is made of them, and then the signals of the next day; nothing else."""
    before = YESTERDAY - timedelta(1)
    for day in (before, YESTERDAY):
        follow.bring(RAW, day)
    follow.make(follow.tick())
    follow.make(follow.tick())  # the later day may have been made first
    assert follow.tick() == set()
    follow.bring({"agg_trades"}, before, "replaced")
    requested = follow.tick()
    assert requested == {
        (name, before)
        for name in ("trade_ticks", "instrument", "consistency", "quote_hull", "volume_buckets", "signals")
    }
    follow.make(requested)
    assert follow.tick() == {("signals", YESTERDAY)}


def test_bars_of_spot_that_come_later_bring_the_comparison_with_them(follow, lake):
    """Nothing waits for them, since most people load no spot; where they come, and once, the index is held to them."""
    follow.bring(RAW, YESTERDAY)
    follow.make(follow.tick())
    assert follow.tick() == set()
    bars = Entry("spot/btcusdt/bars_1m", str(YESTERDAY), published=True, sha256=digest_of("bars"))
    Manifest(lake).record(bars)
    assert follow.tick() == {("consistency", YESTERDAY)}
    assert follow.tick() == set()


def test_other_code_alone_requests_nothing(start, monkeypatch):
    """Days are not made anew because somebody upgraded: that is the user's decision. The UI says that code changed."""
    before = start()
    before.bring(RAW, YESTERDAY)
    before.make(before.tick(), recipe="of the code before")
    monkeypatch.setattr(catalog, "catalog_recipe", lambda *_: "of other code")
    after = start()
    ticks = dg.AssetKey(["um", "btcusdt", "trade_ticks"])
    assert after.graph.get(ticks).code_version == "of other code"
    assert after.tick() == set()
    after.bring({"agg_trades"}, YESTERDAY, "replaced")
    assert ("trade_ticks", YESTERDAY) in after.tick()


def test_half_a_day_waits(follow):
    """Without metrics of the day no signals; the catalog of what is there comes at once."""
    follow.bring(RAW - {"metrics"}, YESTERDAY)
    names = {name for name, _ in follow.tick()}
    assert "trade_ticks" in names
    assert not names & {"open_interest", "signals"}


def test_old_days_are_left_to_backfills(follow):
    """Raw files of two months ago bring nothing."""
    follow.bring(RAW, OLD)
    assert follow.tick() == set()


@pytest.mark.parametrize(
    "tags",
    [
        {"dagster/partition": str(YESTERDAY)},
        {"dagster/asset_partition_range_start": str(OLD), "dagster/asset_partition_range_end": str(YESTERDAY)},
    ],
)
def test_a_day_under_way_is_left_alone(follow, instance, tags):
    """A run of the day, alone or in a range, will leave what nobody knows yet: asked for after it ended."""
    follow.bring(RAW, YESTERDAY)
    run = instance.create_run_for_job(_job(), tags=tags, status=dg.DagsterRunStatus.STARTED)
    assert follow.tick() == set()
    instance.report_run_failed(run)
    assert follow.tick() == products(follow, YESTERDAY)


def _job():
    @dg.op
    def nothing():
        pass

    @dg.job
    def empty():
        nothing()

    return empty


@pytest.mark.parametrize("wished", [False, True])
def test_a_days_backtest_follows_if_wished(start, wished):
    """It is requested with its signals, or it is not; made, the manifest alone says so."""
    follow = start(daily_backtest=wished)
    follow.bring(RAW, YESTERDAY)
    requested = follow.tick()
    assert (("backtest", YESTERDAY) in requested) is wished
    follow.make(requested)
    follow.forget()
    assert follow.tick() == set()


def test_the_cursor_remembers_only_what_was_asked_for_and_is_not_made(follow):
    """Made, it is forgotten: a cursor of hundreds of symbols stays small. Deleted, it is asked for again."""
    follow.bring(RAW, YESTERDAY)
    requested = follow.tick()
    assert len(follow.asked) == len(requested)
    follow.make(requested - {("signals", YESTERDAY)})
    assert follow.tick() == set()
    assert follow.asked == {f"um/btcusdt/signals@{YESTERDAY}"}
    follow.make(requested)
    assert follow.tick() == set()
    assert follow.asked == set()
    follow.lose("signals", YESTERDAY)
    assert follow.tick() == {("signals", YESTERDAY)}


def test_symbols_take_turns(start, monkeypatch):
    """One symbol a tick here: the raw day of the second is seen at the second tick, and its asset is its own."""
    monkeypatch.setattr(following, "SYMBOLS_A_TICK", 1)
    follow = start(symbols="um:BTCUSDT,um:ETHUSDT")
    follow.bring({"agg_trades"}, YESTERDAY, symbol="ethusdt")
    assert follow.tick() == set()
    assert ("trade_ticks", YESTERDAY) in follow.tick()
    assert {name.split("/")[1] for name in follow.asked} == {"ethusdt"}
