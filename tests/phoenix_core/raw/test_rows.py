import pytest
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put_day

from phoenix_core.catalog.store import convert_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import ArchiveCorrupt
from phoenix_core.raw import rows
from phoenix_core.raw.rows import summary_by_conversion, summary_of
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


def summary(lake, raw, *, converted_next=True):
    return summary_of(lake.store.path(raw.file), AGG_TRADES, raw, converted_next=converted_next)


def test_a_small_file_is_read_at_once(lake, tmp_path):
    """501 lines, with its last one; its conversion has nothing to add."""
    raw = brought(lake, tmp_path / "archive")
    found = summary(lake, raw)
    assert (found.lines, found.bytes, found.last[:4]) == (501, len(TEXT), "500,")
    converted = convert_day(lake, AGG_TRADES, UM, DAY)
    assert summary_by_conversion(lake.store.path(raw.file), AGG_TRADES, raw, converted) is None


def test_a_large_file_is_read_at_once_where_no_conversion_follows(lake, tmp_path, large):
    """Whoever wants raw days alone sees their rows."""
    assert summary(lake, brought(lake, tmp_path / "archive"), converted_next=False).lines == 501


def test_the_conversion_finds_what_was_left_to_it(lake, tmp_path, large):
    """Size and first lines are seen before; with the conversion's it is what reading the whole file shows."""
    raw = brought(lake, tmp_path / "archive")
    found = summary(lake, raw)
    assert (found.lines, found.last) == (None, "")
    assert (found.bytes, found.head) == (len(TEXT), tuple(TEXT.splitlines()[:4]))
    converted = convert_day(lake, AGG_TRADES, UM, DAY)
    by_conversion = summary_by_conversion(lake.store.path(raw.file), AGG_TRADES, raw, converted)
    assert by_conversion == summary(lake, raw, converted_next=False)


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
