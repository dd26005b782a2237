"""Two workers on two hosts do the runs of one hub; one of them is killed in the middle of a run.

Hosts are UTS namespaces: another host name is all that the judgement of processes goes by. Broker and database are
real servers, with a virtual host and a database of the test's own.
"""

import os
import signal
import subprocess
import threading
from datetime import date

import pytest
import sqlalchemy
from fakes.archive_server import Answer, serving
from fakes.broker import virtual_host
from fakes.environment import unavailable
from fakes.installation import BIN, Installation
from fakes.processes import PATIENCE
from reliability.kills import digests

from phoenix_core.catalog.store import convert_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.market import Listing
from phoenix_core.raw.store import Ingest
from phoenix_core.signals.days import SignalDays
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

LISTING = Listing.parse("um:BTCUSDT")
DAYS = [date(2024, 3, day) for day in (1, 2, 3)]
HOSTS = ("host-a", "host-b")
ASSETS = ["agg_trades", "trade_ticks", "volume_buckets"]
LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on Error { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
RUNS = """query { runsOrError { ... on Runs { results { runId status rootRunId tags { key value } } } } }"""
# What the doctor says of a good folder, but for what it counted.
NOTHING = (["0 problems"], ["1 problems; `phoenix doctor --repair` mends what it can"])
SLOTS = """query { instance { concurrencyLimits { concurrencyKey activeSlotCount claimedSlots { runId } } } }"""


class Hub(Installation):
    """One with workers."""

    def worker(self, name):
        """Start a worker on a host of that name."""
        self.start(name, ["unshare", "--uts", "sh", "-c", f"hostname {name}; exec {BIN / 'phoenix'} worker"])

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
        return {run["runId"]: run for run in self.dagster.ask(RUNS)["runsOrError"]["results"]}

    def status(self, run_id):
        return self.runs()[run_id]["status"]

    def host_of(self, run_id):
        """Where a run is at work, as the doctor says."""
        said = self.phoenix("doctor").stdout
        found = [host for host in HOSTS if f"{host} has runs at work: {run_id[:8]}\n" in said]
        assert len(found) == 1, said
        return found[0]

    def downloads(self, day):
        """How often the trades of a day were asked for."""
        return self.archive.requests.count(f"/{key_of_day(AGG_TRADES, LISTING, day).path}")

    def hold(self, day):
        """Let the trades of a day be asked for and not come, however often, until the event is set."""
        key, told = key_of_day(AGG_TRADES, LISTING, day).path, threading.Event()
        held = Answer(body=(self.folder / "archive" / key).read_bytes(), held_until=told)
        self.archive.script_instead(key, *[held] * 20)
        return told

    def retries(self, run_id):
        return [run["status"] for run in self.runs().values() if run["rootRunId"] == run_id and run["runId"] != run_id]

    def slots(self):
        limits = self.dagster.ask(SLOTS)["instance"]["concurrencyLimits"]
        return sum(limit["activeSlotCount"] for limit in limits)


@pytest.fixture
def hub(tmp_path, postgres_database):
    """A hub whose archive is a server, with nothing running yet."""
    if subprocess.run(["unshare", "--uts", "true"], capture_output=True).returncode:
        unavailable("hosts can't be played here: unshare --uts needs a Linux and its administrator")
    write_archive(tmp_path / "archive", LISTING, DAYS, size=MarketSize(trades=2_000, quotes_per_trade=1))
    url = sqlalchemy.make_url(postgres_database).render_as_string(hide_password=False)
    with serving(tmp_path / "archive") as archive, virtual_host() as broker:
        made = Hub(tmp_path, url, DAYS[0], PHOENIX_CELERY_BROKER=broker, PHOENIX_ARCHIVE_URL=archive.url)
        made.archive = archive
        yield made
        for service in list(made.running):
            made.kill(service)


def test_a_run_outlives_its_worker(hub, tmp_path):
    """Bytes are those of one undisturbed machine; the killed run is tried again at once, and no slot stays held."""
    hub.start("webserver")
    for host in HOSTS:
        hub.worker(host)
    hub.until(lambda: hub.dagster.keys("um/btcusdt", ASSETS), "no webserver")
    hub.dagster.launch(hub.dagster.keys("um/btcusdt", ASSETS), DAYS[:2])
    # The daemon works on what it finds at its start. Only now is there a hub that workers can join.
    hub.until(lambda: all("Waiting for the hub" in hub.log(host) for host in HOSTS), "no worker waits")
    both = [hub.hold(day) for day in DAYS[:2]]
    hub.start("daemon")
    hub.until(lambda: all("takes 1 run at once" in hub.log(host) for host in HOSTS), "no worker joined")
    hub.until(lambda: all(hub.downloads(day) for day in DAYS[:2]), "one host does both days")
    for held in both:
        held.set()
    hub.until(lambda: [one["status"] for one in hub.runs().values()] == ["SUCCESS"] * 2, "no days")
    assert [hub.log(host).count("volume_buckets 2024-03") for host in HOSTS] == [1, 1], "one host did both days"

    # The day's download hangs as long as the first worker lives; that of the next try is met by SIGTERM.
    hub.hold(DAYS[2])
    run = hub.launch(DAYS[2])
    hub.until(lambda: hub.downloads(DAYS[2]), "the run never began")
    dead = hub.host_of(run)
    hub.kill(dead)
    before, next_try = hub.downloads(DAYS[2]), hub.hold(DAYS[2])
    hub.until(lambda: hub.status(run) == "FAILURE", "the run of a dead worker goes on for ever")
    assert "no worker has it any more" in hub.log("daemon")
    hub.until(lambda: hub.downloads(DAYS[2]) > before, "it was not run again")
    last = hub.running[next(host for host in HOSTS if host != dead)]
    os.kill(last.pid, signal.SIGTERM)
    next_try.set()
    assert last.wait(PATIENCE) == 0
    assert hub.retries(run) == ["SUCCESS"], "a worker did not finish its run when it was told to end"
    hub.until(lambda: hub.slots() == 0, "a slot stays with the dead")
    # What the dead were writing lies in the staging folder, which is swept later and never read.
    found = hub.phoenix("doctor").stdout.splitlines()
    assert [line for line in found if not line.startswith(("leftover", "examined"))] in NOTHING, found
    assert digests(tmp_path / "data") == digests(undisturbed(tmp_path).store.root)


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
