"""From one machine to several by the README's own lines, with a real database and broker and a bucket."""

import shutil
import sys
from datetime import date
from pathlib import Path

import pytest
from fakes import s3
from fakes.broker import virtual_host
from fakes.documents import executed_blocks, run_script
from fakes.paths import ROOT
from fakes.processes import QUICKER, free_port, running, until_it_answers

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

LISTING, DAY = Listing.parse("um:BTCUSDT"), date(2024, 3, 1)
BIN = Path(sys.executable).parent
DATABASE = "postgresql://phoenix:secret@hub.example:5432/phoenix"
BROKER = "amqp://phoenix:secret@hub.example:5672/phoenix"


@pytest.fixture
def clone(tmp_path):
    """One machine that has a raw day of a small market."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, folder)
    write_archive(tmp_path / "archive", LISTING, [DAY], size=MarketSize(trades=500, quotes_per_trade=1))
    source = BinanceArchive(Archive(str(tmp_path / "archive")))
    Ingest(Lake.at(folder / "data"), (source,), date(2026, 1, 1)).day(AGG_TRADES, LISTING, DAY)
    return folder


def test_from_one_machine_to_several(clone, tmp_path, postgres_database):
    """What was there is in the bucket, and a worker makes there what follows from it; the folder is left alone."""
    ((_, text),) = executed_blocks(ROOT / "README.md", "test_several_machines.py")
    before = sorted(path for path in (clone / "data").rglob("*"))
    with virtual_host() as broker:
        real = {"s3://phoenix/data": s3.bucket_of(tmp_path), DATABASE: postgres_database, BROKER: broker}
        for named, address in real.items():
            assert named in text
            text = text.replace(named, address)
        *moving, worker = text.splitlines()
        archive = {"PHOENIX_ARCHIVE_URL": str(tmp_path / "archive"), "PHOENIX_START": str(DAY)}
        settings = s3.environment() | QUICKER | archive | {"DAGSTER_HOME": str(clone)}
        done = run_script(clone, "\n".join(moving), **settings)
        assert done.returncode == 0, done.stderr[-3000:]

        hub, helper = tmp_path / "hub.log", tmp_path / "worker.log"
        url = f"http://127.0.0.1:{(port := free_port())}"
        words = worker.partition("#")[0].removeprefix("uv run ").split()
        with (
            running([str(BIN / "dagster"), "dev", "-p", str(port)], clone, hub, **settings) as process,
            running([str(BIN / words[0]), *words[1:]], clone, helper, **settings),
        ):
            until_it_answers(url, process, hub)
            asked = f"phoenix backfill --first {DAY} --last {DAY} --select trade_ticks --url {url}"
            done = run_script(clone, asked, **settings)
            assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}\n{helper.read_text()[-3000:]}"
    manifest = Manifest(Lake.at(real["s3://phoenix/data"], Local(tmp_path / "local")))
    assert manifest.verify(manifest.find("um/btcusdt/agg_trades", DAY)).published
    assert manifest.verify(manifest.find("um/btcusdt/trade_ticks", DAY)).rows
    assert "takes 1 run at once" in helper.read_text()
    assert sorted(path for path in (clone / "data").rglob("*")) == before
