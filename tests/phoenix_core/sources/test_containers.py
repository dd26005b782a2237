"""First and last rows of zips, gzips and plain files."""

import gzip
import zipfile

import pytest

from phoenix_core.errors import ArchiveCorrupt
from phoenix_core.sources.containers import Container, first_rows, last_row

ROWS = [f"{number},69903.5,0.014" for number in range(100_000)]
TEXT = ("id,price,qty\n" + "\n".join(ROWS) + "\n").encode()


@pytest.fixture(params=list(Container))
def wrapped(request, tmp_path):
    """One text in each container."""
    path = tmp_path / f"file.{request.param.value}"
    if request.param is Container.ZIP:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("file.csv", TEXT)
    elif request.param is Container.GZIP:
        path.write_bytes(gzip.compress(TEXT))
    else:
        path.write_bytes(TEXT)
    return path, request.param


def test_both_ends_are_read(wrapped):
    """The header, the first rows and the last; no row that was cut by the block."""
    rows = first_rows(*wrapped)
    assert rows[:3] == ["id,price,qty", *ROWS[:2]]
    assert set(rows[1:]) <= set(ROWS)
    assert last_row(*wrapped) == ROWS[-1]


def test_a_file_that_was_cut_is_refused_or_ends_early(wrapped):
    """A compressed half is named; of a plain half the last row shows the cut."""
    path, container = wrapped
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if container is Container.PLAIN:
        assert last_row(path, container) not in ROWS[-1:]
        return
    with pytest.raises(ArchiveCorrupt, match=r"file\.(zip|gz) can't be read as"):
        last_row(path, container)


def test_a_zip_of_two_files_is_refused(tmp_path):
    """It says how many; what a Mac adds does not count."""
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.writestr("__MACOSX/._a.csv", b"\0")
    assert first_rows(path, Container.ZIP)[0] == "id,price,qty"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("b.csv", TEXT)
    with pytest.raises(ArchiveCorrupt, match="holds 2 files: expected one CSV"):
        first_rows(path, Container.ZIP)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    """A picture called .csv."""
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    with pytest.raises(ArchiveCorrupt, match="is no text"):
        first_rows(path, Container.PLAIN)
