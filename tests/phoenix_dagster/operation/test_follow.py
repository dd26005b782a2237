"""Progress of backfills, and what is said at their end."""

from phoenix_dagster.operation.backfill import Counts, Outcome, State
from phoenix_dagster.operation.follow import Progress, Row, rows_of


def state(status, trades, ticks, running=()):
    assets = {"um/x/agg_trades": Counts(5, *trades), "um/x/trade_ticks": Counts(5, *ticks)}
    return State(status, assets, dict(running))


def test_days_are_days_and_assets_have_names():
    """A day is whole when its slowest asset is; the rate counts what ended since the first look."""
    progress = Progress()
    progress.see({"a": state("REQUESTED", (1, 0), (0, 0))}, now=100.0)
    assert progress.line(100.0) == "0 of 5 days, 1 of 10 days of 2 assets; waits for a free run"
    running = {"2024-03-26": ["um/x/trade_ticks"]}
    progress.see({"a": state("REQUESTED", (3, 0), (1, 1), running.items())}, now=160.0)
    assert progress.line(160.0) == (
        "2 of 5 days, 5 of 10 days of 2 assets, 1 failed, 4 a minute, about 1 min left; now 2024-03-26 trade_ticks"
    )


def test_backfills_count_together():
    """Newest first is two backfills and one progress."""
    progress = Progress()
    progress.see({"a": state("REQUESTED", (1, 0), (1, 0)), "b": state("REQUESTED", (0, 0), (0, 0))}, now=0.0)
    assert progress.line(1.0).startswith("1 of 10 days, 2 of 20 days of 2 assets")


def test_the_table_is_by_day_or_by_asset():
    """Done, failed and not reached, which add up to what was asked."""
    days = ("2024-03-24", "2024-03-25")
    outcome = Outcome(
        {(asset, day) for asset in ("a", "b") for day in days}, {("a", days[0]), ("b", days[0])}, {("a", days[1]): "x"}
    )
    assert rows_of(outcome, by_asset=False) == [Row(days[0], 2, 0, 0), Row(days[1], 0, 1, 1)]
    assert rows_of(outcome, by_asset=True) == [Row("a", 1, 1, 0), Row("b", 1, 0, 1)]
