"""Fixtures that many tests share: the real files beside the checkout, and a small synthetic market."""

import gc
import json
import os
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import schedule
import sqlalchemy
from fakes import warm
from fakes.archive_server import FakeArchive, serving
from fakes.environment import unavailable
from hypothesis import settings

from phoenix_core.catalog.store import convert_day, record_instrument
from phoenix_core.datasets import datasets_on
from phoenix_core.market import Listing
from phoenix_core.raw.store import Ingest
from phoenix_core.signals.days import SignalDays
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

# Hundreds of processes import what stands here, the tests among it: each would compile it anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

REAL_FILES = Path(__file__).parents[2] / "shared" / "archive"
LATER = date(2026, 11, 1)
SLOW = [Path(__file__).parent / name for name in ("end_to_end", "reliability")]
SLOW_FIXTURES = {"two_days", "results"}

# How long one example takes says more about the machine than about us.
settings.register_profile("phoenix", deadline=None)
settings.load_profile("phoenix")


def pytest_configure() -> None:
    """One process is warm for all workers."""
    warm.programs()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole products and injected faults are slow; the longest come first, so that all processes end together."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if any(item.path.is_relative_to(folder) for folder in SLOW) or SLOW_FIXTURES.intersection(fixtures):
            item.add_marker("slow")
    schedule.in_order(items)


def pytest_collection_finish() -> None:
    """All that was imported lives as long as the process: the collector need not look through it again and again."""
    gc.freeze()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes `-n auto` means."""
    return schedule.processes(config.option.markexpr)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> schedule.Scheduling:
    """Who runs what, instead of xdist's whole files."""
    return schedule.Scheduling(config, log)


def materialize_day(lake: Lake, archive: str | Path, listing: Listing, day: date) -> None:
    """Bring one day from raw to signals, as the assets do."""
    materialize(Ingest(lake, (BinanceArchive(Archive(str(archive))),), LATER), listing, day)


def materialize(ingest: Ingest, listing: Listing, day: date) -> None:
    """Bring one day from raw to signals, whatever the source."""
    lake = ingest.lake
    for dataset in datasets_on(listing.market):
        ingest.day(dataset, listing, day)
        convert_day(lake, dataset, listing, day)
    record_instrument(lake, listing, day)
    signals = SignalDays(lake, listing)
    signals.publish_buckets(day)
    signals.publish_signals(day)


@pytest.fixture(scope="session")
def real_files() -> Path:
    """The mirror of real files that lies beside the checkout on the project's machines."""
    if not (REAL_FILES / "expected.json").is_file():
        unavailable(f"no real files at ../{REAL_FILES.relative_to(REAL_FILES.parents[1])} beside this checkout")
    return REAL_FILES


@pytest.fixture(scope="session")
def expected(real_files: Path) -> dict[str, dict[str, object]]:
    """The answer sheet of the real files, computed by other code."""
    return json.loads((real_files / "expected.json").read_text())


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.at(tmp_path / "data")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeArchive]:
    """A fake archive over an empty folder."""
    root = tmp_path / "published"
    root.mkdir()
    with serving(root) as archive:
        yield archive


@dataclass(frozen=True)
class Market:
    """A synthetic market on disk: its archive, and a lake with everything up to signals."""

    archive: Path
    lake: Lake
    listing: Listing
    days: tuple[date, ...]


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """Two small synthetic days of um:BTCUSDT, with cascades that the strategy enters on."""
    root = tmp_path_factory.mktemp("market")
    listing = Listing.parse("um:BTCUSDT")
    days = (date(2024, 3, 24), date(2024, 3, 25))
    write_archive(root / "archive", listing, days, size=MarketSize(trades=24_000, quotes_per_trade=3))
    lake = Lake.at(root / "data")
    for day in days:
        materialize_day(lake, root / "archive", listing, day)
    return Market(root / "archive", lake, listing, days)


@pytest.fixture(scope="session")
def two_symbols(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with a small synthetic day, 2024-03-24, of um:BTCUSDT and um:ETHUSDT up to signals."""
    root, day = tmp_path_factory.mktemp("symbols"), date(2024, 3, 24)
    lake = Lake.at(root / "data")
    for seed, symbol in enumerate(("um:BTCUSDT", "um:ETHUSDT"), 7):
        listing = Listing.parse(symbol)
        write_archive(root / "archive", listing, [day], seed=seed, size=MarketSize(trades=8_000, quotes_per_trade=2))
        materialize_day(lake, root / "archive", listing, day)
    return lake


@pytest.fixture(scope="session")
def coin_market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """A small synthetic day of cm:BTCUSD_PERP."""
    root = tmp_path_factory.mktemp("coins")
    listing, day = Listing.parse("cm:BTCUSD_PERP"), date(2024, 3, 24)
    write_archive(root / "archive", listing, [day], size=MarketSize(trades=12_000, quotes_per_trade=2))
    lake = Lake.at(root / "data")
    materialize_day(lake, root / "archive", listing, day)
    return Market(root / "archive", lake, listing, (day,))


@pytest.fixture(scope="session")
def real_minutes(real_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with the real minutes of 2024-08-08 up to signals."""
    lake = Lake.at(tmp_path_factory.mktemp("minutes") / "data")
    materialize_day(lake, real_files, Listing.parse("um:BTCUSDT"), date(2024, 8, 8))
    return lake


@pytest.fixture
def postgres_database() -> Iterator[str]:
    """A database of its own on the server of PHOENIX_TEST_POSTGRES_URL."""
    server = os.environ.get("PHOENIX_TEST_POSTGRES_URL")
    if not server:
        unavailable("PHOENIX_TEST_POSTGRES_URL names no PostgreSQL server")
    name = f"phoenix_{uuid.uuid4().hex[:12]}"
    admin = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    yield sqlalchemy.make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sqlalchemy.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
