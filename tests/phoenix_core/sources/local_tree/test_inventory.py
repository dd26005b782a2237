"""Inventories of folders: the real files in a user's layout, mangled names, and things that are no files of ours."""

import gzip
import shutil
from datetime import date

import pytest
from fakes.trees import WAYS, extracted, mangled

from phoenix_core.datasets import DATASETS
from phoenix_core.errors import ConfigInvalid
from phoenix_core.sources.local_tree.inventory import preview, take_inventory


def held(inventory):
    return {(str(one.listing), one.dataset.name): len(one.by_day) for one in inventory.holdings}


@pytest.fixture(scope="module")
def user_folder(real_files, tmp_path_factory):
    """The real files of futures and spot, extracted as a user keeps them."""
    return extracted(real_files, tmp_path_factory.mktemp("user") / "binance.vision")


def test_a_users_folder_holds_what_the_archive_holds(real_files, user_folder):
    """Extracted into other folders, each dataset is found with the same days."""
    assert held(take_inventory(user_folder)) == held(take_inventory(real_files))
    assert held(take_inventory(user_folder))["um:BTCUSDT", "klines_1m"] == 5
    assert held(take_inventory(user_folder))["spot:BTCUSDT", "klines_1m"] == 2


def test_nothing_is_written_or_touched(user_folder):
    """Names, sizes and times are as before."""

    def state():
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in user_folder.rglob("*")}

    before = state()
    for one in take_inventory(user_folder).holdings:
        preview(one)
    assert state() == before


def test_a_preview_shows_columns_and_both_ends(user_folder):
    """The rows of the seed's own preview."""
    trades = next(one for one in take_inventory(user_folder).holdings if one.dataset.name == "book_ticker")
    shown = preview(trades)
    assert shown.columns[0] == "update_id"
    assert shown.first[0].startswith("3319366863672,27981.3")
    assert shown.last.startswith("5123134730605,61659.7")
    assert shown.doubt == ""


def test_all_in_one_folder_is_settled_by_rows_or_asked(user_folder, tmp_path):
    """Klines of marks and indices with equal names can't be told apart, and are asked for; answered, they count."""
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in sorted(user_folder.rglob("*.csv")):
        if path.parent.name == "markPriceKlines" or not (flat / path.name).exists():
            shutil.copy(path, flat)
    found = take_inventory(flat)
    (asked,) = found.ambiguous
    assert asked.path.name == "BTCUSDT-1m-2024-03-30.csv"
    assert asked.reason.startswith("could be ")
    assert "um:mark_price_klines_1m" in asked.reason
    answered = take_inventory(flat, {"*-1m-2024-03-30.csv": "um:mark_price_klines_1m"})
    assert not answered.ambiguous
    assert held(answered)["um:BTCUSDT", "mark_price_klines_1m"] == 1
    with pytest.raises(ConfigInvalid, match="No dataset is called 'tirades'"):
        take_inventory(flat, {"*": "um:tirades"})


def test_other_containers_and_names_count_as_well(user_folder, tmp_path):
    """gz, no header, Windows line ends, capitals and separators: the dataset and its days are found."""
    source = user_folder / "future_data" / "daily_data" / "trades" / "BTCUSDT-trades-2024-03-30.csv"
    content = source.read_bytes()
    (tmp_path / "BTCUSDT-trades-2024-03-29.csv.gz").write_bytes(gzip.compress(content))
    (tmp_path / "BTCUSDT-trades-2024-03-30.csv").write_bytes(content.split(b"\n", 1)[1])
    (tmp_path / "BTCUSDT-trades-2024-03-31.csv").write_bytes(content.replace(b"\n", b"\r\n"))
    (tmp_path / "btcusdt_TRADES_20240401.CSV").write_bytes(content)
    (tmp_path / "BTCUSDT-2024-04-02.csv").write_bytes(content)
    found = take_inventory(tmp_path)
    assert held(found) == {("um:BTCUSDT", "trades"): 5}
    assert found.ambiguous == found.broken == found.others == ()


@pytest.mark.parametrize("way", WAYS)
def test_a_file_of_each_dataset_is_known_however_it_is_kept(user_folder, tmp_path, way):
    """By name, folder and rows together, with its rows beneath its columns."""
    for source in sorted(user_folder.glob("future_data/*/*/BTCUSDT-*2024-0*.csv")):
        mangled(
            source.name,
            source.read_bytes()[:2000].rpartition(b"\n")[0] + b"\n",
            tmp_path / "um" / source.parent.name,
            way,
        )
    found = take_inventory(tmp_path)
    assert found.ambiguous == found.broken == found.others == ()
    assert {one.dataset.name for one in found.holdings} == {one.name for one in DATASETS} - {"liquidation_snapshot"}
    assert [one.listing.symbol for one in found.holdings] == ["BTCUSDT"] * 10
    for one in found.holdings:
        shown = preview(one)
        assert shown.doubt == ""
        assert shown.columns == tuple(column.name for column in one.dataset.columns[one.listing.market])


def test_days_missing_and_days_double_are_named(user_folder, tmp_path):
    """A month and a day of it, a copy, and a hole."""
    source = (user_folder / "future_data" / "daily_data" / "trades" / "BTCUSDT-trades-2024-03-30.csv").read_bytes()
    for name in ("2024-02", "2024-02-29", "2024-03-02", "2024-03-02 (1)"):
        (tmp_path / f"BTCUSDT-trades-{name}.csv").write_bytes(source)
    (trades,) = take_inventory(tmp_path).holdings
    assert trades.missing == [date(2024, 3, 1)]
    assert {day: len(files) for day, files in trades.double.items()} == {date(2024, 2, 29): 2, date(2024, 3, 2): 2}


def test_what_is_no_file_of_ours_is_named(user_folder, tmp_path):
    """Empty, not what the suffix says, rows of something else; and notes are let be."""
    good = (user_folder / "future_data" / "daily_data" / "trades" / "BTCUSDT-trades-2024-03-30.csv").read_bytes()
    (tmp_path / "BTCUSDT-trades-2024-03-30.csv").write_bytes(good)
    (tmp_path / "BTCUSDT-trades-2024-03-31.csv").write_bytes(b"")
    (tmp_path / "BTCUSDT-trades-2024-04-01.zip").write_bytes(b"hello")
    (tmp_path / "BTCUSDT-trades-2024-04-02.csv").write_bytes(b"apples,3\npears,4\n")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = take_inventory(tmp_path)
    assert held(found) == {("um:BTCUSDT", "trades"): 1}
    assert [one.path.name for one in found.broken] == ["BTCUSDT-trades-2024-03-31.csv", "BTCUSDT-trades-2024-04-01.zip"]
    assert [one.path.name for one in found.ambiguous] == ["BTCUSDT-trades-2024-04-02.csv"]
    assert "contradict" in found.ambiguous[0].reason
    assert [path.name for path in found.others] == ["notes.txt"]


def test_rows_that_belie_the_folder_are_doubted(user_folder, tmp_path):
    """Spot klines in a folder of futures: the folder decides, the preview says what it sees."""
    (tmp_path / "um" / "klines").mkdir(parents=True)
    shutil.copy(
        user_folder / "spot_data" / "daily" / "klines" / "BTCUSDT-1m-2020-01-01.csv", tmp_path / "um" / "klines"
    )
    (klines,) = take_inventory(tmp_path).holdings
    assert str(klines.listing) == "um:BTCUSDT"
    assert preview(klines).doubt.endswith("its rows are those of spot:klines_1m")


def test_a_folder_that_is_none_is_refused(tmp_path):
    """It says what was expected."""
    with pytest.raises(ConfigInvalid, match="is no folder"):
        take_inventory(tmp_path / "nowhere")
