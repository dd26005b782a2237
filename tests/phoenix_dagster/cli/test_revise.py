"""`phoenix revise` as a user types it."""

import json
from dataclasses import asdict

import pytest

from phoenix_core.backtest.revision import Figures, Revision
from phoenix_core.storage.digests import canonical_json
from phoenix_core.storage.lake import Lake


@pytest.fixture
def revised(data):
    """A data folder in which one result was made anew over two replaced days."""
    one = Revision(
        "um/btcusdt/continuous_backtest", "2024-03-24_2024-03-25", "0123456789ab",
        ("um/btcusdt/signals@2024-03-25", "um/btcusdt/trade_ticks@2024-03-24"), is_of_other_code=False,
        before=Figures("a" * 64, "100.25", "-3", 7, 9), after=Figures("b" * 64, "-20.5", "-4", 1_008, 1_010),
    )  # fmt: skip
    Lake.at(data).write("revisions/um/btcusdt/one.json", canonical_json(asdict(one)))


def test_what_changed_stands_in_one_table(revised, phoenix):
    """Net before, after and the change, exact; the same for programs."""
    code, said, _ = phoenix("revise", "--history")
    assert code == 0
    assert said.splitlines()[1].split()[-5:] == ["+100.25", "-20.50", "-120.75", "7", "1,008"]
    assert "2024-03-24 and 1 more" in said
    code, said, _ = phoenix("revise", "--history", "--json")
    (row,) = json.loads(said)["revisions"]
    assert (row["change"], row["after"]["net"]) == ("-120.75", "-20.5")


def test_nothing_is_made_anew_where_nothing_was_replaced(revised, phoenix):
    """No result rests on other data than those here."""
    assert phoenix("revise")[:2] == (0, "0 results over data that were replaced.\n")
    code, said, _ = phoenix("revise", "--dry-run", "--json")
    assert (code, json.loads(said)) == (0, {"outdated": [], "behind": []})
