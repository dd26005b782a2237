"""The short form of what `measure` counts, and the faults that have no test elsewhere."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from fakes.archive_server import Answer
from fakes.zips import UM, put

from phoenix_core.archive.client import Archive
from phoenix_core.archive.keys import key_of_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import PhoenixError, SourceUnreachable, TransferIncomplete
from phoenix_core.raw.store import Ingest
from phoenix_core.storage import Lake
from reliability.faults import FAULTS

TESTS = Path(__file__).parents[1]
DAY = date(2024, 3, 30)


def measured(code):
    """Run a piece of the harness in a process that has run nothing before: forks must not inherit threads."""
    command = [sys.executable, "-W", "ignore", "-c", f"import tempfile, random\nfrom pathlib import Path\n{code}"]
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
    print(*kills.write_data_killed(Path(folder), kills=25, seed=1))
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


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Answer(cut=3), TransferIncomplete),
        (Answer(cut=3, announced=-1), PhoenixError),
        (Answer(cut=3, reset=True), TransferIncomplete),
        (Answer(pause=1.0), PhoenixError),
    ],
    ids=["ends early", "ends early, length untold", "reset", "stalled"],
)
def test_network_faults_end_as_they_must(server, tmp_path, fault, error):
    """A fault that stays is our error and leaves nothing; one that passes is got over."""
    key = key_of_day(AGG_TRADES, UM, DAY)
    zipped = put(server.root, key, "x").read_bytes()

    def broken():
        return Answer(body=zipped, cut=fault.cut, announced=fault.announced, reset=fault.reset, pause=fault.pause)

    ingest = Ingest(
        Lake.at(tmp_path / "lake"), Archive(server.url, sleep=lambda _: None, timeout=(1, 0.3)), date(2026, 1, 1)
    )
    server.script(key.path, *(broken() for _ in range(20)))
    with pytest.raises(error) as raised:
        ingest.day(AGG_TRADES, UM, DAY)
    assert isinstance(raised.value, PhoenixError | SourceUnreachable)
    assert not list((tmp_path / "lake").rglob("*.zip"))
    assert not list((tmp_path / "lake").rglob("*.part"))
    server.scripted.clear()
    server.script(key.path, broken())
    assert ingest.day(AGG_TRADES, UM, DAY).published


def test_a_long_range_with_transient_faults_converges(server, tmp_path):
    """A hundred days, every tenth answer a 503: all arrive, nobody is asked to do anything."""
    days = [DAY + timedelta(n) for n in range(100)]
    for number, day in enumerate(days):
        key = key_of_day(AGG_TRADES, UM, day)
        put(server.root, key, f"{day}")
        if number % 5 == 0:
            server.script(key.path if number % 2 else key.checksum_path, Answer(503), Answer(503))
    ingest = Ingest(Lake.at(tmp_path / "lake"), Archive(server.url, sleep=lambda _: None), date(2026, 1, 1))
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
