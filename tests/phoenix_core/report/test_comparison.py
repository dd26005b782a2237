from decimal import Decimal

import pytest
from fakes.results import made_up_result, write_result

from phoenix_core.errors import InputMissing
from phoenix_core.report.comparison import comparison, printable, remarks, results_over
from phoenix_core.report.metrics import deflated_sharpe, hourly_returns

HOUR_NS = 3600 * 10**9
SPAN, OTHER = "2024-03-24_2024-03-25", "2024-03-24_2024-03-27"
GOOD = [100, 102, 101, 103, 104, 103.5, 106]
FAIR = [100, 101, 100, 102, 101, 102, 102.5]
FLAT = [100] * 7


def put(lake, name, equity, span=SPAN, **document):
    result = made_up_result(equity=[1000 * value for value in equity], every_ns=HOUR_NS, **document)
    return write_result(lake, result, name, span)


def test_only_what_differs_is_a_column(lake):
    """Two parameters of forty, by their values, one of them deep within."""
    folders = [
        put(lake, "one", GOOD, strategy={"lpi_entry_threshold": 0.5}, venue={"leverage": "10.0"}),
        put(lake, "two", FAIR, strategy={"signals": {"vpin_window": 5}}),
    ]
    found = comparison(lake, folders)
    assert found.differing == ("strategy.signals.vpin_window", "strategy.lpi_entry_threshold")
    header, first, second = printable(found)
    assert header[-2:] == ["vpin_window", "lpi_entry_threshold"]
    assert (first[0], *first[-2:]) == ("one", "1", "0.5")
    assert (second[0], *second[-2:]) == ("two", "5", "0.75")


def test_results_of_different_ranges_stand_side_by_side(lake):
    """Each names its range; what the best is worth is told for each range apart."""
    long = {"first": "2024-03-24", "last": "2024-03-27"}
    folders = [put(lake, "one", GOOD, net=Decimal(1500)), put(lake, "one", FAIR, OTHER, **long), put(lake, "two", FAIR)]
    found = comparison(lake, folders)
    rows = {(row[0], row[1]): row for row in printable(found)[1:]}
    assert rows["one", "2024-03-24 to 2024-03-25"][2] == "+1,500.00 USDT"
    assert ("one", "2024-03-24 to 2024-03-27") in rows
    assert [(one.span, one.tried, one.chance is None) for one in found.deflated] == [(SPAN, 2, False), (OTHER, 1, True)]
    assert "needs two" in remarks(found)[1]
    assert remarks(found)[-1] == "No parameter differs between them."


def test_one_that_never_traded_is_listed_and_counted(lake):
    """Last of the table, in the number of those tried, and said."""
    folders = [put(lake, "flat", FLAT), put(lake, "good", GOOD), put(lake, "fair", FAIR)]
    found = comparison(lake, folders)
    assert found.rows["experiment"].to_list() == ["good", "fair", "flat"]
    (best,) = found.deflated
    assert (best.experiment, best.tried, best.flat) == ("good", 3, 1)
    assert "3 experiments tried, 1 of which never traded" in remarks(found)[0]
    returns = [hourly_returns(made_up_result(equity=one, every_ns=HOUR_NS).equity) for one in (FLAT, GOOD, FAIR)]
    assert best.chance == pytest.approx(deflated_sharpe(returns))


def test_leaving_experiments_out_does_not_make_the_best_better(lake):
    """All that were tried over the range count, whichever are compared."""
    good = put(lake, "good", GOOD)
    put(lake, "fair", FAIR)
    put(lake, "flat", FLAT)
    alone, (every,) = comparison(lake, [good]), comparison(lake, results_over(lake, "um:BTCUSDT", SPAN)).deflated
    assert alone.deflated[0].chance == every.chance
    assert "3 experiments tried, 1 of which never traded (a ratio of 0), 1 compared here" in remarks(alone)[0]


def test_a_flat_one_is_the_best_of_losers_and_worth_nothing(lake):
    """It is named, and no chance is made up for it."""
    losing = [value - 2 * number for number, value in enumerate(GOOD)]
    found = comparison(lake, [put(lake, "flat", FLAT), put(lake, "losing", losing)])
    assert (found.deflated[0].experiment, found.deflated[0].chance) == ("flat", None)
    assert "since flat never traded" in remarks(found)[0]


def test_nothing_to_compare_is_said(lake):
    """No folder, a folder without a result, a listing without one."""
    put(lake, "one", GOOD)
    with pytest.raises(InputMissing, match="Nothing to compare"):
        comparison(lake, [])
    with pytest.raises(InputMissing, match="holds no backtest"):
        comparison(lake, ["backtests/none/2024-03-24"])
    with pytest.raises(InputMissing, match="um:ETHUSDT"):
        results_over(lake, "um:ETHUSDT", SPAN)


def test_a_folder_named_twice_counts_once(lake):
    """By its place, however it is written."""
    folder = put(lake, "one", GOOD)
    assert comparison(lake, [folder, str(lake.store.path(folder))]).rows.height == 1
