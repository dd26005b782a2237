"""A command that was killed twice just works the third time."""

from datetime import date, timedelta

import pytest

from phoenix_core.market import Listing
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from reliability import commands


@pytest.mark.parametrize("command", [commands.SHELL, commands.PHOENIX], ids=["dagster", "phoenix"])
def test_a_command_killed_twice_ends_with_the_same_bytes(tmp_path, command):
    """Of three days, whatever was at work when it was killed."""
    days = [date(2024, 3, 1) + timedelta(n) for n in range(3)]
    size = MarketSize(trades=2_000, quotes_per_trade=1)
    write_archive(tmp_path / "archive", Listing.parse("um:BTCUSDT"), days, size=size)
    assert not commands.rounds(tmp_path, tmp_path / "archive", command, count=1, seed=1)
