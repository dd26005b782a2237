"""Two workers on two hosts do the runs of one hub; one is cut off in the middle of a run, the other one killed.

Before that, broker and database break all their connections while both are at work.

Hosts are network namespaces, each with its own home, scratch and cache: what they share is the bucket, the broker and
the database, which are real servers, with a bucket, a virtual host and a database of the test's own.
"""

import json
import os
import shutil
import signal
import threading
from datetime import date

import pytest
import sqlalchemy
from fakes import s3
from fakes.archive_server import Answer, serving
from fakes.broker import disconnect, virtual_host
from fakes.installation import BIN, Installation
from fakes.network import network
from fakes.processes import PATIENCE, free_port
from reliability.kills import digests

from phoenix_core.catalog.store import convert_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.market import Listing
from phoenix_core.raw.store import Ingest
from phoenix_core.signals.days import SignalDays
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from phoenix_dagster.deployment.claims import PROCESS_TAG
from phoenix_dagster.deployment.processes import Identity

LISTING = Listing.parse("um:BTCUSDT")
DAYS = [date(2024, 3, day) for day in (1, 2, 3)]
ASSETS = ["agg_trades", "trade_ticks", "volume_buckets"]
LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on Error { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
RUNS = """query { runsOrError { ... on Runs { results { runId status rootRunId tags { key value } } } } }"""
SLOTS = """query { instance { concurrencyLimits { concurrencyKey activeSlotCount claimedSlots { runId } } } }"""
# How run monitoring begins each of its looks, and what it says of a run whose worker is gone.
A_LOOK, LOST = "runs for monitoring", "no worker has it any more"


class Hub(Installation):
    """One with workers."""

    def begin(self):
        """The code server, which webserver and daemon share, and the webserver."""
        code = {"host": "127.0.0.1", "port": free_port(), "location_name": "phoenix"}
        self.workspace = self.folder / "workspace.yaml"
        self.workspace.write_text(json.dumps({"load_from": [{"grpc_server": code}]}))
        serve = [str(BIN / "dagster"), "api", "grpc", "-p", str(code["port"]), "-m", "phoenix_dagster.definitions"]
        self.start("code", [*serve, "--location-name", "phoenix"])
        self.start("webserver")

    def worker(self, host):
        """Start one on a host."""
        shutil.copy(self.folder / "dagster" / "dagster.yaml", host.home)
        home = f"DAGSTER_HOME={host.home}"
        self.start(host.name, host.command("env", home, str(BIN / "phoenix"), "worker"))

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def launch(self, day):
        """Queue a run of a day."""
        selector = {"repositoryLocationName": "phoenix", "repositoryName": "__repository__"}
        selection = [{"path": ["um", "btcusdt", name]} for name in ASSETS]
        selector |= {"pipelineName": "__ASSET_JOB", "assetSelection": selection}
        tags = [{"key": "dagster/partition", "value": str(day)}]
        answer = self.dagster.ask(LAUNCH, p={"selector": selector, "executionMetadata": {"tags": tags}})
        assert "run" in answer["launchRun"], answer
        return answer["launchRun"]["run"]["runId"]

    def runs(self):
        return self.dagster.ask(RUNS)["runsOrError"]["results"]

    def tries(self, root):
        """A run and its retries, the first one first."""
        return [run for run in reversed(self.runs()) if root in {run["runId"], run["rootRunId"]}]

    def at_work(self, root, number):
        """Name of the host that has the n-th try of a run at work; None so far."""
        if len(tries := self.tries(root)) < number or tries[number - 1]["status"] != "STARTED":
            return None
        # The UI hides this tag, and so does GraphQL.
        tags = sqlalchemy.text("SELECT value FROM run_tags WHERE run_id = :run_id AND key = :key")
        with self.database.connect() as connection:
            named = connection.execute(tags, {"run_id": (run := tries[number - 1]["runId"]), "key": PROCESS_TAG})
            tag = named.scalar_one()
        return Identity.parse(tag.partition(" ")[2]).host if tag.startswith(run) else None

    def loses(self, root, number, strike):
        """Strike the host of the n-th try, and see it failed at the second look of run monitoring."""
        strike()
        before = len(self.log("daemon"))
        self.until(lambda: self.tries(root)[number - 1]["status"] == "FAILURE", "a run without a worker goes on")
        looked, said, _ = self.log("daemon")[before:].partition(LOST)
        assert said
        assert looked.count(A_LOOK) <= 2

    def disconnect(self):
        """Break every connection to broker and database, as both do when they restart."""
        disconnect(self.environment["PHOENIX_CELERY_BROKER"])
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        with self.database.connect() as connection:
            broken = connection.execute(sqlalchemy.text(f"{others} AND pid <> pg_backend_pid()")).all()
        assert broken, "nobody was connected"

    def downloads(self, day):
        """How often the trades of a day were asked for."""
        return self.archive.requests.count(f"/{key_of_day(AGG_TRADES, LISTING, day).path}")

    def hold(self, day):
        """Let the trades of a day be asked for and not come, however often, until the event is set."""
        key, told = key_of_day(AGG_TRADES, LISTING, day).path, threading.Event()
        held = Answer(body=(self.folder / "archive" / key).read_bytes(), held_until=told)
        self.archive.script_instead(key, *[held] * 20)
        return told

    def slots(self):
        limits = self.dagster.ask(SLOTS)["instance"]["concurrencyLimits"]
        return sum(limit["activeSlotCount"] for limit in limits)


@pytest.fixture
def hub(tmp_path, postgres_database):
    """A hub with two hosts, and nothing running yet."""
    write_archive(tmp_path / "archive", LISTING, DAYS, size=MarketSize(trades=2_000, quotes_per_trade=1))
    url = sqlalchemy.make_url(postgres_database).render_as_string(hide_password=False)
    with network(tmp_path) as net, serving(tmp_path / "archive") as archive, virtual_host() as broker:
        settings = {
            "PHOENIX_DATA": s3.bucket_of(tmp_path),
            "PHOENIX_ARCHIVE_URL": net.reach(archive.url),
            "PHOENIX_CELERY_BROKER": net.reach(broker),
            "HOME": str(tmp_path),
        }
        made = Hub(tmp_path, net.reach(url), DAYS[0], **s3.environment(net.reach(s3.server())), **settings)
        # A day is struck twice here.
        config = tmp_path / "dagster" / "dagster.yaml"
        config.write_text(config.read_text().replace("max_retries: 1", "max_retries: 2"))
        made.database = sqlalchemy.create_engine(postgres_database)
        made.archive, made.hosts = archive, [net.host(2, "host-a"), net.host(3, "host-b")]
        yield made
        for service in list(made.running):
            made.kill(service)
        made.database.dispose()


def test_runs_outlive_cables_and_hosts(hub, tmp_path):
    """Bytes are those of one undisturbed machine; a lost run is tried again at once, and no slot stays held."""
    hub.begin()
    for host in hub.hosts:
        hub.worker(host)
    hub.until(lambda: hub.dagster.keys("um/btcusdt", ASSETS), "no webserver")
    hub.dagster.launch(hub.dagster.keys("um/btcusdt", ASSETS), DAYS[:2])
    # The daemon works on what it finds at its start. Only now is there a hub that workers can join.
    hub.until(lambda: all("Waiting for the hub" in hub.log(host.name) for host in hub.hosts), "no worker waits")
    both = [hub.hold(day) for day in DAYS[:2]]
    hub.start("daemon")
    hub.until(lambda: all("takes 1 run at once" in hub.log(host.name) for host in hub.hosts), "no worker joined")
    hub.until(lambda: all(hub.downloads(day) for day in DAYS[:2]), "one host does both days")
    run = hub.launch(DAYS[2])
    third = hub.hold(DAYS[2])
    hub.disconnect()
    for held in both:
        held.set()

    # Its download hangs. First the cable of its host is cut, then the host that tries again dies.
    hub.until(lambda: hub.at_work(run, 1), "the run never began")
    cut = next(host for host in hub.hosts if host.name == hub.at_work(run, 1))
    dead = next(host for host in hub.hosts if host is not cut)
    hub.loses(run, 1, cut.cut)
    hub.until(lambda: hub.at_work(run, 2) == dead.name, "it was not run again")
    hub.loses(run, 2, dead.kill)
    cut.mend()
    # The host gives up what was taken from it, and takes runs again.
    hub.until(lambda: hub.at_work(run, 3) == cut.name, "the host does not come back")
    last = hub.running[cut.name]
    os.kill(last.pid, signal.SIGTERM)
    # However long that takes: who is leaving still says what it has.
    looked = hub.log("daemon").count(A_LOOK)
    hub.until(lambda: hub.log("daemon").count(A_LOOK) > looked + 3, "nobody looks")
    third.set()
    assert last.wait(PATIENCE) == 0
    tried = {one["runId"]: one["status"] for one in hub.tries(run)}
    assert [*tried.values()] == ["FAILURE", "FAILURE", "SUCCESS"]
    assert [one["status"] for one in hub.runs() if one["runId"] not in tried] == ["SUCCESS"] * 2
    hub.until(lambda: hub.slots() == 0, "a slot stays with the dead")
    examined = hub.phoenix("doctor").stdout
    assert examined.endswith("examined the history: 0 disagreements\n0 problems\n"), examined
    lake = Lake.at(hub.environment["PHOENIX_DATA"], Local(tmp_path / "local"))
    published = [name for name in lake.names("") if not name.startswith("compute_logs/")]
    assert {name: lake.sha256(name) for name in published} == digests(undisturbed(tmp_path).store.root)


def undisturbed(folder):
    """The same days on one machine, with nothing in the way."""
    lake = Lake.at(folder / "undisturbed")
    for day in DAYS:
        Ingest(lake, (BinanceArchive(Archive(str(folder / "archive"))),), date(2026, 1, 1)).day(
            AGG_TRADES, LISTING, day
        )
        convert_day(lake, AGG_TRADES, LISTING, day)
        SignalDays(lake, LISTING).publish_buckets(day)
    return lake
