"""Days through Dagster in one process: one bad day holds up no other."""

from datetime import date

import pytest

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing
from phoenix_dagster.operation.run import planned, run

BTC = Listing.parse("um:BTCUSDT")


def test_a_bad_day_fails_alone_and_a_rerun_is_the_same(market, instance, make_defs, tmp_path):
    """A day that the archive does not have has a reason; the days around it are done."""
    defs = make_defs(tmp_path / "data", market.archive, start=date(2024, 3, 1))
    broken = next((market.archive).rglob("*aggTrades*2024-03-24.zip"))
    whole = broken.read_bytes()
    broken.write_bytes(whole[:100])
    plan = planned(defs, BTC, ["agg_trades"], list(market.days))
    try:
        bad, good = run(defs, instance, plan)
    finally:
        broken.write_bytes(whole)
    assert (bad.day, len(bad.reasons), bad.done) == ("2024-03-24", 1, ())
    assert (good.day, good.reasons, good.done) == ("2024-03-25", (), ("um/btcusdt/agg_trades",))
    assert [one.reasons for one in run(defs, instance, plan)] == [(), ()]


def test_a_wrong_name_lists_the_right_ones(make_defs, tmp_path):
    """Assets and stages alike."""
    with pytest.raises(ConfigInvalid, match=r"no asset or stage 'nonsense': expected some of agg_trades, .*signals"):
        planned(make_defs(tmp_path, tmp_path), BTC, ["nonsense"], [date(2024, 3, 1)])
