"""Files of the archive that are not read are named, and others are let be."""

import pytest

from phoenix_core.sources.local_tree.inventory import take_inventory
from phoenix_core.sources.local_tree.unread import option_of_name, reason_unread


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("BTCUSDT-trades-2024-03-30.zip.crdownload", "an unfinished download (.crdownload)"),
        ("BTCUSDT-1m-2024-03.csv.part", "an unfinished download (.part)"),
        ("BTCUSDT-trades-2024-03-30.parquet", "neither .csv nor .gz nor .zip (.parquet)"),
        ("BTCUSDT-trades-2024-03-30.csv.7z", "neither .csv nor .gz nor .zip (.7z)"),
        ("part-00000-0fae7358-5f2c-c000.zip", "a part of a computation that strayed into the archive"),
        ("ADABKRW-1h-2020-8.zip", "a month without a zero before it, which strayed into the archive"),
        (
            "币安人生USDT-aggTrades-2025-10-09.zip",
            "of a symbol with other letters than A to Z, which Phoenix does not take",
        ),
        ("notes.txt", None),
        ("holiday-2024-03-30.jpg", None),
        ("movie.mkv.part", None),
        ("prices.csv", None),
    ],
)
def test_what_a_name_says_of_a_file_that_is_not_read(name, reason):
    """An unfinished download, another container, the archive's strays; what is nobody's has no reason."""
    assert reason_unread(name) == reason


def test_options_are_named_by_the_publishers_word():
    """And only they."""
    assert "EOHSummary" in option_of_name("BTCUSDT-EOHSummary-2023-10-23.zip")
    assert "BVOLIndex" in option_of_name("btcbvolusdt_bvolindex_20240611.csv")
    assert option_of_name("BTCUSDT-trades-2024-03-30.zip") is None


def test_an_inventory_names_them_beside_what_it_reads(tmp_path):
    """By their paths, not as something that contradicts itself; notes are others."""
    for name in ("option/daily/BVOLIndex/BTCBVOLUSDT-BVOLIndex-2024-06-11.zip", "um/BTCUSDT-trades-2024-03-30.zip.part",
                 "notes.txt"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    found = take_inventory(tmp_path)
    assert [one.path.name for one in found.unread] == [
        "BTCBVOLUSDT-BVOLIndex-2024-06-11.zip", "BTCUSDT-trades-2024-03-30.zip.part",
    ]  # fmt: skip
    assert [path.name for path in found.others] == ["notes.txt"]
    assert found.ambiguous == found.broken == found.holdings == ()
