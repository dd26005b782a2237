"""Webserver, daemon and database are killed in the middle of a backfill, and come back."""

import time
from datetime import date, timedelta

import pytest
from fakes import postgres
from fakes.installation import Installation
from reliability.kills import digests

from phoenix_core.catalog.store import convert_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.market import Listing
from phoenix_core.raw.store import Ingest
from phoenix_core.signals.days import SignalDays
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

LISTING = Listing.parse("um:BTCUSDT")
FIRST = date(2024, 3, 1)
DAYS = [FIRST + timedelta(n) for n in range(6)]
ASSETS = ["agg_trades", "trade_ticks", "volume_buckets"]


@pytest.fixture
def installation(tmp_path):
    """Six small synthetic days, and services that are not running yet."""
    write_archive(tmp_path / "archive", LISTING, DAYS, size=MarketSize(trades=2_000, quotes_per_trade=1))
    with postgres.server() as database:
        made = Installation(tmp_path, database.url, FIRST)
        made.database = database
        yield made
        for service in list(made.running):
            made.kill(service)


def test_a_backfill_survives_its_orchestrator(installation, tmp_path):
    """Daemon and workers killed, then webserver killed and database stopped: every day is there, once and whole."""
    one = installation
    one.start("webserver")
    one.start("daemon")
    one.until(lambda: one.dagster.keys("um/btcusdt", ASSETS), "no webserver")
    backfill = one.dagster.launch(one.dagster.keys("um/btcusdt", ASSETS), DAYS)
    one.until(lambda: one.done() >= 1, "no day was done")

    one.kill("daemon")
    killed_at = one.done()
    one.start("daemon")
    one.until(lambda: one.done() >= killed_at + 4, "nothing went on after the daemon was killed")

    one.kill("webserver")
    one.database.stop()
    assert one.done() < len(DAYS) * len(ASSETS), "the backfill was over before the database was stopped"
    time.sleep(3)  # the outage: workers and daemon find nobody to tell
    one.database.start()
    one.start("webserver")
    if one.has_ended("daemon"):
        one.start("daemon")  # as a service manager would
    one.until(lambda: one.dagster.state(backfill).has_ended, "the backfill never ended")

    # Runs resume, or fail and say why; then the same backfill again does what is left.
    failed = one.dagster.outcome(backfill, [f"um/btcusdt/{name}" for name in ASSETS]).failed
    assert not [why for why in failed.values() if "without a reason" in why], failed
    if not one.dagster.state(backfill).is_good:
        address = f"http://127.0.0.1:{one.port}"
        days = ("--first", str(DAYS[0]), "--last", str(DAYS[-1]))
        again = one.phoenix("backfill", *days, "--select", ",".join(ASSETS), "--url", address)
        assert again.returncode == 0, again.stdout + again.stderr
    examined = one.phoenix("doctor").stdout
    assert "examined the history: 0 disagreements\n" in examined, examined
    # Who is killed while building leaves what was built so far, where nobody looks for data.
    problems = examined.partition("examined ")[0].splitlines()
    assert all(line.startswith("leftover ") for line in problems), examined
    assert f"\n{len(problems)} problems" in examined, examined
    assert digests(tmp_path / "data") == digests(undisturbed(tmp_path).store.root)


def undisturbed(folder):
    """The same days, made one after another with nothing in the way."""
    lake = Lake.at(folder / "undisturbed")
    for day in DAYS:
        Ingest(lake, (BinanceArchive(Archive(str(folder / "archive"))),), date(2026, 1, 1)).day(
            AGG_TRADES, LISTING, day
        )
        convert_day(lake, AGG_TRADES, LISTING, day)
        SignalDays(lake, LISTING).publish_buckets(day)
    return lake
