"""The short form of what `measure` counts, and the faults that have no test elsewhere."""

import importlib.util
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest
from fakes import warm
from fakes.archive_server import Answer
from fakes.environment import unavailable
from fakes.zips import AGG_HEADER, UM, agg_rows, put

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import PhoenixError
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.lake import Lake
from reliability import guided
from reliability.archive_faults import ARCHIVE_FAULTS, CHECKSUM, VERIFIED, ZIP
from reliability.faults import FAULTS

TESTS = Path(__file__).parents[1]
DAY = date(2024, 3, 30)


def measured(code):
    """Run a piece of the harness in a process that has run nothing before: forks must not inherit threads."""
    command = [warm.programs() / "python", "-c", f"import tempfile, random\nfrom pathlib import Path\n{code}"]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.split()


def test_kills_leave_nothing_half_done():
    """After kills at named points and random instants: whole files only, and a second run ends in the same bytes."""
    effective, failures = measured("""
from reliability import kills
with tempfile.TemporaryDirectory() as folder:
    found = kills.kill_everywhere(Path(folder), named=25, at_random=10, seed=3)
print(sum(one.effective for one in found), sum(one.failures for one in found))
""")
    assert int(effective) >= 15
    assert failures == "0"


def test_the_harness_can_fail():
    """NautilusTrader's own write_data leaves files that can't be read under the same kills."""
    _, broken = measured("""
from reliability import kills
with tempfile.TemporaryDirectory() as folder:
    print(*kills.write_data_killed(Path(folder), kills=25, seed=1, enough=1))
""")
    assert int(broken) >= 1


def test_every_flipped_bit_is_noticed():
    """In zip, parquet and manifest, before anybody reads; the doctor names it."""
    told = measured("""
from reliability import damage
with tempfile.TemporaryDirectory() as folder:
    told = damage.flips(damage.folder_of(Path(folder)), 90, 1)
for kind in ("zip", "parquet", "manifest"):
    print(told[kind], told[kind + " noticed"])
print(told["for the doctor"], told["named by the doctor"])
""")
    assert told[0::2] == told[1::2]


def test_writers_at_once_end_in_the_same_bytes():
    """Two and eight processes over one day, from download to signals: the bytes of one."""
    assert measured("""
from reliability import damage, kills, writers
with tempfile.TemporaryDirectory() as folder:
    root = Path(folder)
    assert kills.ended(kills.forked(lambda: damage.folder_of(root))) == 0
    expected = kills.digests(root / "lake")
    print(*(writers.at_once(root, root / str(count), count, expected) for count in (2, 8)))
""") == ["0", "0"]


def test_a_backtest_has_one_digest():
    """In processes of their own, with other hash seeds and another time zone."""
    assert measured("""
from reliability import damage, writers
with tempfile.TemporaryDirectory() as folder:
    damage.folder_of(Path(folder))
    print(len(writers.backtest_digests(Path(folder), Path(folder) / "lake", ["0", "1"])))
""") == ["1"]


@pytest.mark.parametrize("target", ["csv", "zip", "checksum", "key", "configuration"])
def test_garbage_is_read_counted_or_refused(target):
    """Never an error that is not ours, and never one of several lines."""
    untyped = measured(f"""
from reliability.garbage import TARGETS
with tempfile.TemporaryDirectory() as folder:
    told = TARGETS["{target}"](Path(folder), 1_500, random.Random(11))
print(sum(count for name, count in told.items() if name.startswith("UN")), *told)
""")
    assert untyped[0] == "0", untyped


@pytest.mark.parametrize("target", guided.TARGETS)
def test_guided_garbage_is_refused_as_well(target):
    """By libFuzzer, which keeps what reaches new branches; it begins with what once went wrong."""
    if importlib.util.find_spec("atheris") is None:
        unavailable("no atheris for this Python")
    found = guided.fuzzed(target, 2_000, seed=5)
    assert (found.inputs >= 2_000, found.found) == (True, "")
    assert found.branches > 0


@pytest.mark.parametrize("stays", [True, False], ids=["always", "once"])
@pytest.mark.parametrize("fault", ARCHIVE_FAULTS, ids=lambda fault: fault.what)
def test_network_faults_end_as_they_must(server, tmp_path, monkeypatch, fault, stays):
    """As the table says: a fault that stays is its error and leaves nothing; one that passes is got over, or final."""
    monkeypatch.setattr("phoenix_core.sources.binance.client._STALL_SECONDS", 0.3)
    key = key_of_day(AGG_TRADES, UM, DAY)
    path = put(server.root, key, f"{AGG_HEADER}{agg_rows((1, '69903.5', '0.014', 14, 'true'))}")
    asked = {ZIP: key.path, CHECKSUM: key.checksum_path}[fault.of]
    sound = (server.root / asked).read_bytes()
    server.script(asked, *(fault.answer(sound) for _ in range(30 if stays else 1)))
    lake = Lake.at(tmp_path / "lake")
    ingest = Ingest(
        lake, (BinanceArchive(Archive(server.url, sleep=lambda _: None, timeout=(1, 0.3))),), DAY + timedelta(1)
    )
    expected = fault.always if stays else fault.once
    if isinstance(expected, str):
        entry = ingest.day(AGG_TRADES, UM, DAY)
        assert entry.facts["verified"] == (expected == VERIFIED)
        assert lake.store.path(entry.file).read_bytes() == path.read_bytes()
    else:
        with pytest.raises(PhoenixError) as raised:
            ingest.day(AGG_TRADES, UM, DAY)
        assert type(raised.value) is expected, raised.value
        assert "\n" not in str(raised.value).strip()
        assert not [left for left in (tmp_path / "lake").rglob("*") if left.is_file()]
    assert len(server.requests) <= 12


def test_a_long_range_with_transient_faults_converges(server, tmp_path):
    """A hundred days, every tenth answer a 503: all arrive, nobody is asked to do anything."""
    days = [DAY + timedelta(n) for n in range(100)]
    for number, day in enumerate(days):
        key = key_of_day(AGG_TRADES, UM, day)
        put(server.root, key, f"{day}")
        if number % 5 == 0:
            server.script(key.path if number % 2 else key.checksum_path, Answer(503), Answer(503))
    ingest = Ingest(
        Lake.at(tmp_path / "lake"), (BinanceArchive(Archive(server.url, sleep=lambda _: None)),), date(2026, 1, 1)
    )
    assert all(ingest.day(AGG_TRADES, UM, day).published for day in days)


def test_every_fault_names_a_test_that_exists():
    """89 rows, each with `file::test`, or with the reason why there is none."""
    assert [fault.number for fault in FAULTS] == list(range(1, 90))
    for fault in FAULTS:
        if fault.shown.startswith("not tested: "):
            continue
        file, _, name = fault.shown.partition("::")
        assert f"def {name}(" in (TESTS / file).read_text(), fault


def test_the_page_is_the_commands():
    """docs/reliability.md holds every fault of the table, as the command writes it."""
    text = (TESTS.parent / "docs" / "reliability.md").read_text()
    for fault in FAULTS:
        assert f"| {fault.number} | {fault.what} | {fault.shown} |" in text
