"""Days through Dagster in one process: what fails holds up only what needs it, and what is there is kept."""

from datetime import date, timedelta

import dagster as dg
import pytest

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing
from phoenix_core.storage.lake import Lake
from phoenix_dagster.operation.run import Outcome, Runner, Watcher, planned

BTC = Listing.parse("um:BTCUSDT")


@pytest.fixture
def runs(market, instance, make_defs, tmp_path):
    """Run names over the two days of the market, in a data folder of its own."""
    defs = make_defs(tmp_path / "data", market.archive, start=date(2024, 3, 1))

    def run(*names, **watched):
        runner = Runner(defs, instance, Lake.at(tmp_path / "data"), **watched)
        return list(runner.run(planned(defs, BTC, names, market.days)))

    return run


@pytest.fixture
def broken_trades(market):
    """The first day's trades end in the middle of their file."""
    path = next(market.archive.rglob("*aggTrades*2024-03-24.zip"))
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    yield
    path.write_bytes(whole)


def outcomes(done):
    return {part.asset.rsplit("/", 1)[-1]: part.outcome.value for part in done.parts}


@pytest.mark.usefixtures("broken_trades")
def test_what_fails_holds_up_only_what_needs_it(runs):
    """Trades that can't be read: their ticks are not reached, the quotes of that day and the next day are made."""
    bad, good = runs("agg_trades", "trade_ticks", "book_ticker", "quote_ticks")
    assert outcomes(bad) == {
        "agg_trades": "failed", "trade_ticks": "not reached", "book_ticker": "made", "quote_ticks": "made"
    }  # fmt: skip
    assert set(outcomes(good).values()) == {"made"}
    (failed,) = bad.of(Outcome.FAILED)
    assert "does not have its published checksum" in failed.reason
    assert failed.reason.endswith("Run this day again later.")  # all of it
    assert "\n" not in failed.reason
    assert (bad.is_good, bad.has_failed, good.is_good) == (False, True, True)


def test_a_rerun_keeps_what_is_there(runs, tmp_path):
    """Days that are there are kept, and a file that was lost is made: the counts tell one from the other."""
    assert [one.is_kept for one in runs("agg_trades")] == [False, False]
    assert [outcomes(one) for one in runs("agg_trades", "trade_ticks")] == [
        {"agg_trades": "kept", "trade_ticks": "made"}
    ] * 2
    next((tmp_path / "data/manifest/um/btcusdt/trade_ticks").glob("2024-03-24.json")).unlink()
    first, second = runs("agg_trades", "trade_ticks")
    assert (first.is_kept, second.is_kept) == (False, True)


@pytest.mark.slow
def test_the_continuous_backtest_comes_after_the_days(runs):
    """It has the range, and says where its result lies; a stage does not bring it."""
    *days, whole = runs("raw", "catalog", "signals", "continuous_backtest")
    assert [one.day for one in days] == ["2024-03-24", "2024-03-25"]
    (part,) = whole.parts
    assert part.where.endswith("/2024-03-24_2024-03-25")
    assert whole.day == ""


def test_a_stage_has_its_daily_assets_alone(make_defs, tmp_path):
    """In the order in which they are made."""
    plan = planned(make_defs(tmp_path, tmp_path), BTC, ["backtest", "signals", "raw"], [date(2024, 3, 1)])
    assert not plan.spanning
    assert list(dict.fromkeys(plan.daily.values())) == ["backtest", "signals", "raw"]


def test_an_interrupted_day_is_cancelled_and_no_other_begins(runs, instance):
    """Whoever asks to end while the first asset is worked on gets an end that the history knows of."""

    class Impatient(Watcher):
        asked = False

        def began(self, day, asset):
            self.asked = True

    watcher = Impatient()
    done = runs("agg_trades", "trade_ticks", watcher=watcher, is_interrupted=lambda: watcher.asked)
    assert len(done) == 1
    (run,) = instance.get_runs()
    assert run.is_finished


def test_a_run_that_nobody_ends_is_ended(make_defs, instance, tmp_path):
    """In the history, by its runner, when the process is about to go."""
    defs = make_defs(tmp_path, tmp_path)
    run = instance.create_run_for_job(defs.resolve_implicit_global_asset_job_def())
    Runner(defs, instance, Lake.at(tmp_path), run_id=run.run_id).end("it was ended at once")
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.CANCELED


def test_a_wrong_name_lists_the_right_ones(make_defs, tmp_path):
    """Assets and stages alike."""
    with pytest.raises(ConfigInvalid, match=r"no asset or stage 'nonsense': expected some of agg_trades, .*signals"):
        planned(make_defs(tmp_path, tmp_path), BTC, ["nonsense"], [date(2024, 3, 1) + timedelta(1)])
