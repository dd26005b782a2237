"""What is printed of the data folder."""

import json

from phoenix_core.manifest import Entry, Manifest
from phoenix_core.storage.lake import Lake

ASSET = "um/btcusdt/book_ticker"


def record(data, day, published, reason=""):
    facts = {"absence": reason.partition(":")[0]} if reason else {}
    entry = Entry(
        ASSET, day, published=published, reason=reason, rows=7 * published, bytes=100 * published, facts=facts
    )
    Manifest(Lake.at(data)).record(entry)


def fill(data):
    record(data, "2024-03-28", published=True)
    record(data, "2024-03-30", published=True)
    for day in ("2024-03-31", "2024-04-01"):
        record(data, day, published=False, reason="never: book_ticker of um:BTCUSDT ended 2024-03-30")
    record(data, "2024-04-02", published=False, reason="missing: the archive has no book_ticker for 2024-04-02")
    (data / "manifest" / ASSET / "2024-04-03.json").write_text("{")


def test_inventory_says_why_days_are_not_there(phoenix, data):
    """Never, missing, unreadable and never asked for are told apart, with ranges of days and reasons."""
    fill(data)
    code, said, _ = phoenix("inventory")
    assert code == 0
    lines = said.splitlines()
    assert lines[1].split() == [ASSET, "2", "2", "1", "0", "0", "1", "1", "2024-03-28", "2024-04-03", "14", "0.0"]
    assert f"  never: {ASSET} 2024-03-31…04-01: book_ticker of um:BTCUSDT ended 2024-03-30" in lines
    assert f"  missing: {ASSET} 2024-04-02: the archive has no book_ticker for 2024-04-02" in lines
    assert any(line.startswith(f"  unreadable: {ASSET} 2024-04-03: The manifest entry") for line in lines)
    assert f"  no record: {ASSET} 2024-03-29: never asked for, or failed" in lines


def test_inventory_is_a_document(phoenix, data):
    """The same for programs."""
    fill(data)
    code, said, _ = phoenix("inventory", "--json")
    (held,) = json.loads(said)["assets"]
    assert code == 0
    assert held["published"] == ["2024-03-28", "2024-03-30"]
    assert [one["day"] for one in held["never"]] == ["2024-03-31", "2024-04-01"]
    assert held["no_record"] == ["2024-03-29"]
    assert (held["rows"], held["bytes"]) == (14, 200)


def test_plan_is_a_document(phoenix, tmp_path, monkeypatch):
    """An archive without files: each day is absent, and nothing is made in the data folder."""
    (tmp_path / "archive").mkdir()
    monkeypatch.setenv("PHOENIX_ARCHIVE_URL", str(tmp_path / "archive"))
    code, said, _ = phoenix("plan", "--first", "2024-03-05", "--datasets", "agg_trades", "--json")
    document = json.loads(said)
    assert code == 0
    assert (document["symbol"], document["first"], document["last"]) == ("um:BTCUSDT", "2024-03-05", "2024-03-05")
    assert document["datasets"][0] == {
        "dataset": "agg_trades", "files": 0, "here": 0, "absent": 1, "bytes": 0, "rows": 0, "disk_bytes": 0,
        "cpu_seconds": 0.0,
    }  # fmt: skip
    assert [one["days_per_run"] for one in document["runs"]] == [1, 7, 30]
    assert document["runs"][0]["bound"] == "workers"
    assert document["runs"][0]["hours"] == document["runs"][0]["hours_by"]["workers"] > 0
    assert not (tmp_path / "data").exists()
