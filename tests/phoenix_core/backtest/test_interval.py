"""Where quotes are missing a result has an interval, or a reason why it has none."""

import json
from datetime import date

import pytest
from fakes.law import assert_arrays_change_nothing, assert_skipping_changes_nothing

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.interval import BoundsOfRun
from phoenix_core.backtest.plan import Plan, plan_of
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.backtest.venue import as_traded
from phoenix_core.errors import ConfigInvalid
from phoenix_core.instruments.table import specification
from phoenix_core.intervals.interval import Interval
from phoenix_core.market import Listing
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.contract import Contract
from phoenix_core.strategies.phoenix.declaration import CONTRACT, LIVE_CONTRACT

BELOW = {"entry_reference": "last_sell", "entry_ticks_below": 20, "lpi_entry_threshold": 0.7}


def over(market, **fields):
    return Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[1], **fields)


def both(lake, experiment):
    """The result on true quotes, and that on implied ones."""
    blind = experiment.venue.model_copy(update={"imply_quotes": True})
    return run(lake, experiment), run(lake, experiment.model_copy(update={"venue": blind}))


@pytest.mark.parametrize("strategy", [{"lpi_entry_threshold": 0.7}, BELOW])
def test_the_result_on_true_quotes_lies_in_the_interval_of_trades_alone(market, strategy):
    """At the touch and below the last sale; the interval below is the narrower one, and holds the implied result too."""
    true, implied = both(market.lake, over(market, strategy=strategy))
    assert true.interval is None
    assert true.fills.height > 10
    assert implied.interval.low <= true.ledger.parts.net <= implied.interval.high
    assert implied.interval.low <= implied.ledger.parts.net <= implied.interval.high
    assert implied.interval.decisions["orders"] > 0


@pytest.mark.parametrize("below", [0, 100])
def test_real_minutes_lie_in_their_interval(real_minutes, below):
    """8 August 2024, without depth: an exit may take any time there, so the interval is wide, and says so."""
    strategy = {
        "oi_gate": False, "depth_gate": False, "lpi_entry_threshold": 0.5,
        "entry_reference": "last_sell", "entry_ticks_below": below,
    }  # fmt: skip
    day = date(2024, 8, 8)
    true, implied = both(real_minutes, Experiment.parse(listing="um:BTCUSDT", first=day, last=day, strategy=strategy))
    assert true.fills.height > 10
    assert implied.interval.low <= true.ledger.parts.net <= implied.interval.high
    assert not implied.interval.excludes_zero


@pytest.mark.slow
def test_a_limit_below_the_last_sale_is_the_same_in_every_replay(market):
    """What is skipped never hides the last sale."""
    for venue in ({}, {"imply_quotes": True}):
        chosen = over(market, strategy=BELOW, venue=venue)
        skipping, _ = assert_skipping_changes_nothing(market.lake, chosen)
        assert skipping.fills.height > 10
        assert_arrays_change_nothing(market.lake, [chosen])


def test_ticks_below_a_sale_need_that_reference():
    """Silence would leave the limit at the bid."""
    with pytest.raises(ConfigInvalid, match="set entry_reference to last_sell"):
        Experiment.parse(listing="um:BTCUSDT", first="2024-03-24", last="2024-03-24", strategy={"entry_ticks_below": 3})


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"venue": {"order_latency_spread_ms": 5}}, "drawn at random"),
        ({"strategy": {"requote": True}}, "sent again after a timeout"),
    ],
)
def test_what_nobody_can_bound_is_unbounded(market, fields, why):
    """With the reason, never a bare number."""
    venue = {"imply_quotes": True} | fields.pop("venue", {})
    found = run(market.lake, over(market, venue=venue, **fields)).interval
    assert found.text() == "unbounded"
    assert why in found.why_none
    assert not found.excludes_zero


def test_a_strategy_that_declares_no_bounds_is_unbounded(market):
    """Any that is imported by its path, and the house's own when it computes its signals."""
    chosen = over(market, replay="live")
    plan = plan_of(market.lake, chosen, frozenset())
    found, _ = BoundsOfRun.of(plan, LIVE_CONTRACT).interval()
    assert "PhoenixStrategy declares no bounds" in found.why_none
    assert Contract().bounds is None


def test_spot_has_no_interval():
    """Nothing is lent there, and fees come out of what a fill brings: bounds that know neither would be wrong."""
    day = date(2024, 3, 24)
    asked = Experiment.parse(listing="spot:BTCUSDT", first=day, last=day)
    spec = as_traded(specification(Listing.parse(asked.listing), day), asked.venue)
    plan = Plan(asked, None, (day,), {}, is_implied=True, specification=spec)
    assert "on spot nothing is lent" in BoundsOfRun.of(plan, CONTRACT).why_none


def test_an_interval_is_published_with_its_result(market, tmp_path):
    """It is read again from `experiment.json`; on published quotes there is none."""
    lake = Lake.at(tmp_path / "data")
    for venue in ({}, {"imply_quotes": True}):
        result = run(market.lake, over(market, venue=venue))
        entry = publish(lake, result, asset="um/btcusdt/continuous_backtest")
        document = json.loads(lake.read(entry.file))
        assert (result.interval is None) == (document["interval"] is None) == (not venue)
    assert Interval.parse(document["interval"]) == result.interval
