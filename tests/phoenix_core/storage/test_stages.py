"""Every stage over a store that has no paths: the bytes are the folder's, and nothing goes around the store."""

import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from reliability import stages

from phoenix_core.catalog.consistency import compare_day
from phoenix_core.catalog.inventory import inventory
from phoenix_core.catalog.verification import Trouble, verify
from phoenix_core.lineage import out_of_date, sources_of
from phoenix_core.manifest import Manifest
from phoenix_core.products import SIGNALS
from phoenix_core.raw.freshness import lacking
from phoenix_core.raw.plan import plan
from phoenix_core.report.comparison import comparison, results_over
from phoenix_core.report.folder import page_of
from phoenix_core.signals.days import SignalDays
from phoenix_core.sources.adopted import adopted, remember
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_core.storage.memory import MemoryStore


class Counted(MemoryStore):
    """Counts what is read one after another: what is asked for together is asked by other threads."""

    in_a_row = 0

    def read(self, name):
        self.in_a_row += threading.current_thread() is threading.main_thread()
        return super().read(name)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("stages")
    stages.archive(root)
    for lake in (Lake.at(root / "data"), Lake(MemoryStore(root / "other"))):
        for work in stages.WORK.values():
            work(root, lake)
        compare_day(lake, stages.LISTING, stages.DAY)
        remember(lake, root / "archive", {})
    return root, lake


@pytest.fixture(scope="module")
def folder(root):
    return Lake.at(root[0] / "data")


@pytest.fixture(scope="module")
def memory(root):
    return root[1]


pytestmark = pytest.mark.slow


def test_the_bytes_are_the_folders(folder, memory):
    """From the zip to the report: the same names and the same digests, and nothing is left in scratch."""
    # Whoever asks for a comparison first counts what was tried: another test, perhaps.
    names = [name for name in memory.names("") if not name.startswith("trials/")]
    assert {name.partition("/")[0] for name in names} == {
        "archive", "backtests", "catalog", "consistency", "manifest", "signals", "sources",
    }  # fmt: skip
    assert names == [name for name in folder.names("") if not name.startswith("trials/")]
    assert {name: memory.sha256(name) for name in names} == {name: folder.sha256(name) for name in names}
    assert memory.leftovers() == []


def test_nothing_went_around_the_store(root, memory):
    """On this machine are copies named by their digests, and no more."""
    here = [path for path in (root[0] / "other").rglob("*") if path.is_file()]
    assert here
    for path in here:
        assert path.parent.name == sha256_of(path)
        assert path.parents[1] == root[0] / "other" / "cache"


def test_what_is_asked_of_a_folder_is_answered_by_memory(folder, memory):
    """Inventory, doctor, plan, comparison, report, look-back: equal answers."""
    sources, days = (
        (BinanceArchive(Archive(str(root_of(folder) / "archive"))),),
        [stages.DAY - timedelta(1), stages.DAY],
    )
    result = f"backtests/{stages.experiment().name}/{stages.DAY}"
    for ask in (
        lambda lake: list(inventory(lake)),
        lambda lake: [problem for problem in verify(lake) if problem.trouble is not Trouble.HOLE],
        lambda lake: list(plan(lake, sources, stages.LISTING, stages.DATASETS, days)),
        lambda lake: lacking(lake, stages.LISTING, stages.DATASETS, days),
        lambda lake: results_over(lake, str(stages.LISTING), str(stages.DAY)),
        lambda lake: comparison(lake, [lake.address(result)]).rows.to_dicts(),
        lambda lake: page_of(lake, result),
        lambda lake: [tree.root for tree in adopted(lake)],
        lambda lake: sources_of(Manifest(lake), SIGNALS, stages.LISTING, stages.DAY),
    ):
        assert ask(memory) == ask(folder)
    assert list(verify(memory)) == []


def root_of(folder):
    return Path(folder.location).parent


def test_damage_in_a_store_is_found_whatever_the_cache_has(memory, root, tmp_path):
    """The doctor looks at what is kept, and a stage does not take a broken day for current."""
    lake = _copied(memory, MemoryStore(tmp_path))
    entry = Manifest(lake).find("um/btcusdt/trade_ticks", stages.DAY)
    assert Manifest(lake).fetch(entry).is_file()
    lake.write(entry.file, b"damaged")
    assert [problem.trouble for problem in verify(lake)] == [Trouble.ALTERED]
    stages.conversion(root[0], lake)
    assert list(verify(lake)) == []
    assert lake.sha256(entry.file) == entry.sha256


def _copied(lake, store):
    for name in lake.names(""):
        store.put_if_absent(name, lake.read(name))
    return Lake(store)


def test_a_day_of_signals_is_not_forty_requests_in_a_row(memory, tmp_path):
    """Its entries come together, thirty days of look-back and all."""
    store = Counted(tmp_path)
    lake = _copied(memory, store)
    entry = SignalDays(lake, stages.LISTING).publish_signals(stages.DAY)
    assert entry.published
    assert store.in_a_row <= 5
    store.in_a_row = 0
    assert out_of_date(Manifest(lake), SIGNALS, stages.LISTING, date(2024, 3, 1)) == []
    assert store.in_a_row == 0
