import pytest
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put_day

from phoenix_core.catalog.store import convert_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import ArchiveCorrupt
from phoenix_core.manifest import Manifest
from phoenix_core.raw import rows
from phoenix_core.raw.rows import is_counted_later, rows_counted, summary_of
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive

TEXT = AGG_HEADER + agg_rows(*((n, "69903.5", "0.014", n, "true") for n in range(1, 501)))


@pytest.fixture
def large(monkeypatch):
    """Every file is a large one."""
    monkeypatch.setattr(rows, "LARGE_BYTES", 0)


def brought(lake, archive, *, text=TEXT, sidecar=True):
    path = put_day(archive, AGG_TRADES, text)
    if not sidecar:
        path.with_name(f"{path.name}.CHECKSUM").unlink()
    return Ingest(lake, (BinanceArchive(Archive(str(archive))),), DAY.replace(year=2026)).day(AGG_TRADES, UM, DAY)


def summary(lake, raw):
    return summary_of(lake.store.path(raw.file), AGG_TRADES, raw)


def test_a_small_file_is_counted_at_once(lake, tmp_path):
    """501 lines, with its last one."""
    found = summary(lake, brought(lake, tmp_path / "archive"))
    assert (found.lines, found.bytes, found.last[:4]) == (501, len(TEXT), "500,")


def test_a_large_file_that_is_verified_is_not_read_on(lake, tmp_path, large):
    """Its size and first lines are those of a file that was read whole; lines are not told."""
    raw = brought(lake, tmp_path / "archive")
    found = summary(lake, raw)
    assert (found.lines, found.last) == (None, "")
    assert (found.bytes, found.head) == (len(TEXT), tuple(TEXT.splitlines()[:4]))
    assert is_counted_later(raw, found.bytes)


def test_a_file_that_nobody_vouches_for_is_read_to_its_end(lake, tmp_path, large):
    """However large: nothing else tells that its zip is whole."""
    raw = brought(lake, tmp_path / "archive", sidecar=False)
    assert summary(lake, raw).lines == 501
    path = lake.store.path(raw.file)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveCorrupt):
        summary(lake, raw)


def test_the_conversion_counts_the_same_rows(lake, tmp_path, large):
    """Those that reading the whole file finds; until it is converted, and once it is replaced, nobody knows."""
    archive = tmp_path / "archive"
    raw = brought(lake, archive)
    assert rows_counted(Manifest(lake), AGG_TRADES, UM, raw) is None
    convert_day(lake, AGG_TRADES, UM, DAY)
    assert rows_counted(Manifest(lake), AGG_TRADES, UM, raw) == 500
    replaced = brought(lake, archive, text=TEXT + agg_rows((501, "1.0", "1", 501, "true")))
    assert rows_counted(Manifest(lake), AGG_TRADES, UM, replaced) is None


def test_a_catalog_entry_that_cant_be_read_counts_nothing(lake, tmp_path):
    """Its own day says so, and not the raw one."""
    raw = brought(lake, tmp_path / "archive")
    entry = convert_day(lake, AGG_TRADES, UM, DAY)
    lake.write(entry.key.path, b"{}")
    assert rows_counted(Manifest(lake), AGG_TRADES, UM, raw) is None
