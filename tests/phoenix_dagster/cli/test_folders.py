"""A user's own folder from the shell: looked through, adopted, and held against the archive."""

import json
import re
import shutil

import dagster as dg
import pytest
from fakes.trees import extracted

from phoenix_dagster.cli.app import main


@pytest.fixture
def own_folder(real_files, tmp_path):
    """The real files, extracted as a user keeps them, beside an empty one."""
    folder = extracted(real_files, tmp_path / "binance.vision")
    (folder / "future_data" / "daily_data" / "trades" / "BTCUSDT-trades-2024-04-01.csv").write_bytes(b"")
    return folder


@pytest.fixture
def home(real_files, tmp_path, monkeypatch):
    """A data folder of its own, and the archive of real files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("PHOENIX_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PHOENIX_ARCHIVE_URL", str(real_files))
    monkeypatch.setenv("PHOENIX_SYMBOLS", "um:BTCUSDT")
    return tmp_path


def test_a_folder_is_shown_as_table_document_and_page(own_folder, home, capsys):
    """What is there, what is missing, what is broken or not read, and its rows."""
    for day in (23, 24):
        (own_folder / f"BTCUSDT-EOHSummary-2023-10-{day}.zip").write_bytes(b"")
    assert main(["inventory", str(own_folder), "--html", str(home / "page.html")]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^book_depth +um:BTCUSDT +3 +3 +2023-10-16 +2026-09-30 +1,078 +0 +1\.5", text, re.MULTILINE)
    assert "  2023-10-16 00:00:13,-5,13230.00500000,351243054.56320000" in text
    assert "broken: future_data/daily_data/trades/BTCUSDT-trades-2024-04-01.csv: " in text
    options = "options' hourly summary (EOHSummary), no dataset of Phoenix"
    assert f"not read: BTCUSDT-EOHSummary-2023-10-23.zip: {options}; 2 files\n" in text
    page = (home / "page.html").read_text()
    assert "<title>Inventory of" in page
    assert "<h2>Not read</h2>" in page
    assert main(["inventory", str(own_folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["folder"] == str(own_folder)
    assert document["unread"] == [{"reason": options, "files": 2, "first": "BTCUSDT-EOHSummary-2023-10-23.zip"}]


@pytest.mark.slow
def test_an_adopted_folder_is_remembered_and_in_the_history(own_folder, home, capsys):
    """Its days are recorded where they lie, and Dagster knows them; other symbols, and days in two files, are named."""
    (twice,) = own_folder.rglob("BTCUSDT-metrics-2024-03-30.csv")
    shutil.copy(twice, twice.with_name("copy of BTCUSDT-metrics-2024-03-30.csv"))
    assert main(["adopt", str(own_folder)]) == 0
    text = capsys.readouterr().out
    asked = "phoenix verify --symbol um:BTCUSDT --datasets metrics --first 2024-03-30 --last 2024-03-30"
    assert f"um:BTCUSDT metrics of 2024-03-30 lies in several files. Do they agree? {asked}\n" in text
    assert re.search(r"^funding_rate +um:BTCUSDT +92 +0 +0$", text, re.MULTILINE)
    assert "PHOENIX_SYMBOLS does not name them: cm:BTCUSD_PERP, spot:BTCUSDT" in text
    with dg.DagsterInstance.get() as instance:
        found = instance.get_materialized_partitions(dg.AssetKey(["um", "btcusdt", "agg_trades"]))
    assert found == {"2024-03-30", "2024-08-08", "2026-09-30"}
    assert main(["doctor"]) == 0
    assert main(["verify", "--against-archive", "--first", "2024-03-30", "--datasets", "agg_trades,metrics"]) == 0
    assert re.search(r"^agg_trades +2024-03-30 +3 +0 +0 +0$", capsys.readouterr().out, re.MULTILINE)


def test_a_row_that_was_changed_is_named(own_folder, home, capsys):
    """By its id, with both values, and the exit code is 1."""
    path = own_folder / "future_data" / "daily_data" / "aggTrades" / "BTCUSDT-aggTrades-2024-03-30.csv"
    path.write_text(path.read_text().replace("69902.0", "69902.5"))
    assert main(["adopt", str(own_folder)]) == 0
    assert main(["verify", "--against-archive", "--first", "2024-03-30", "--datasets", "agg_trades", "--json"]) == 1
    (row,) = json.loads(capsys.readouterr().out.split("asked.\n", 1)[1])
    assert row["difference"]["examples"] == [
        {"what": "changed", "agg_trade_id": "2106960679", "price": "69902.5000000000000000 → 69902.0000000000000000"}
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inventory", "nowhere"], "is no folder"),
        (["adopt", "nowhere"], "is no folder"),
        (["inventory", ".", "--is", "x"], "expected PATTERN=market:dataset"),
        (["inventory", ".", "--is", "*=um:tirades"], "No dataset is called 'tirades'"),
        (["inventory", ".", "--is", "*=mars:trades"], "is no dataset of a market"),
    ],
)
def test_wrong_calls_are_one_line(home, capsys, arguments, said):
    """And exit code 2; nothing is made."""
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (home / "data").exists()
