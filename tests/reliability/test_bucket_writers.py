"""Several writers of one day in a bucket: processes that are frozen, and many at once, over an S3 server."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fakes.processes import PATIENCE, ROOT
from fakes.s3 import between, bucket_of, environment

from phoenix_core.alone import made_alone
from phoenix_core.catalog.store import convert_day
from phoenix_core.catalog.verification import verify
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.manifest import Key, Manifest
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_dataset
from phoenix_core.synthetic.market import MarketDay, MarketSize
from reliability import stages

KEY = Key("um/btcusdt/trade_ticks", stages.DAY.isoformat())

_FROZEN = """
import os, signal, sys
from pathlib import Path
import obstore
import pyarrow.parquet as pq
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from reliability.test_bucket_writers import convert
owner, name = {"building": (pq.ParquetWriter, "write_table"), "putting": (obstore, "put")}[sys.argv[3]]
plain, left = getattr(owner, name), [None]
def frozen(*given, **named):
    data = sys.argv[3] == "building" or given[1].startswith("catalog/")
    if data and left:
        left.pop()
        os.kill(os.getpid(), signal.SIGSTOP)
    return plain(*given, **named)
setattr(owner, name, frozen)
convert(Lake.at(sys.argv[1], Local(Path(sys.argv[2]))))
"""


def publish_raw(root, lake, seed):
    """Write an archive of another market, and bring its day as raw."""
    market = MarketDay(stages.DAY, seed, MarketSize(trades=3_000, quotes_per_trade=1))
    write_dataset(root / f"archive-{seed}", stages.LISTING, AGG_TRADES, market)
    sources = (BinanceArchive(Archive(str(root / f"archive-{seed}"))),)
    return Ingest(lake, sources, stages.DAY.replace(year=2026)).day(AGG_TRADES, stages.LISTING, stages.DAY)


def convert(lake):
    """As the asset does."""
    return made_alone(lake, KEY, lambda watched: convert_day(watched, AGG_TRADES, stages.LISTING, stages.DAY))


@pytest.mark.parametrize(("point", "existing"), [("building", False), ("putting", True)])
def test_a_frozen_worker_does_not_publish_what_was(tmp_path, point, existing):
    """Its source is replaced and its day made by another while it is stopped; awake again it leaves that alone."""
    lake = Lake.at(bucket_of(tmp_path), Local(tmp_path / "here"))
    if existing:
        publish_raw(tmp_path, lake, 1)
        convert(lake)
    publish_raw(tmp_path, lake, 2)
    process = subprocess.Popen(
        [sys.executable, "-c", _FROZEN, lake.location, str(tmp_path / "there"), point],
        cwd=ROOT / "tests",
        env=os.environ | environment() | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )
    assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
    raw = publish_raw(tmp_path, lake, 3)
    newer = convert(lake)
    version = lake.store.version(newer.file)
    process.send_signal(signal.SIGCONT)
    assert process.wait(120) == 0
    assert Manifest(lake).find(*KEY) == newer
    assert newer.sources == {raw.asset: raw.sha256}
    assert lake.store.version(newer.file) == version
    assert list(verify(lake)) == []


def test_of_sixteen_writers_one_puts(tmp_path, monkeypatch):
    """A day converted sixteen times at once: one object is put, one entry, and all sixteen give that entry."""
    location, together = bucket_of(tmp_path), threading.Barrier(16)

    def meet(method, path):
        if method == "PUT" and "/catalog/" in path:
            together.wait(PATIENCE)

    with between() as wire:
        wire.answer = meet
        monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
        lakes = [Lake.at(location, Local(tmp_path / str(number))) for number in range(16)]
        publish_raw(tmp_path, lakes[0], 1)
        with ThreadPoolExecutor(16) as pool:
            entries = list(pool.map(convert, lakes))
    put = [path for method, path, status in wire.done if method == "PUT" and status == 200]
    assert [entry == entries[0] for entry in entries] == [True] * 16
    assert [sum(name in path for path in put) for name in ("/catalog/", f"/{KEY.path}")] == [1, 1]
    assert list(verify(lakes[0])) == []


def test_a_writer_killed_between_its_two_puts_is_mended(tmp_path, monkeypatch):
    """Its file has no entry: the day does not exist, and the next writer makes it, whatever it would make of it."""
    lake = Lake.at(bucket_of(tmp_path), Local(tmp_path / "here"))
    publish_raw(tmp_path, lake, 1)
    first = convert(lake)
    lake.remove(KEY.path)
    raw = publish_raw(tmp_path, lake, 2)
    second = convert(lake)
    assert second.sources == {raw.asset: raw.sha256}
    assert second.sha256 != first.sha256
    assert list(verify(lake)) == []
    assert Path(Manifest(lake).fetch(second)).is_file()
