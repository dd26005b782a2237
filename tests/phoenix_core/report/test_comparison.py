import dataclasses
import shutil
from datetime import date
from decimal import Decimal
from statistics import variance

import pytest
from fakes.results import made_up_result, write_result

from phoenix_core.errors import InputMissing
from phoenix_core.intervals.interval import Interval
from phoenix_core.market import Listing
from phoenix_core.report.comparison import comparison, printable, remarks, results_over
from phoenix_core.report.metrics import hourly_returns
from phoenix_core.sweeps.choices import Choice, choose_on
from phoenix_core.sweeps.statistics import Moments, deflated_sharpe

HOUR_NS = 3600 * 10**9
SPAN, OTHER = "2024-03-24_2024-03-25", "2024-03-24_2024-03-27"
GOOD = [100, 102, 101, 103, 104, 103.5, 106]
FAIR = [100, 101, 100, 102, 101, 102, 102.5]
FLAT = [100] * 7


def put(lake, name, equity, span=SPAN, **document):
    result = made_up_result(equity=[1000 * value for value in equity], every_ns=HOUR_NS, **document)
    return write_result(lake, result, name, span)


def moments_of(equity):
    return Moments.of(hourly_returns(made_up_result(equity=equity, every_ns=HOUR_NS).equity).to_numpy())


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
    counts = [(one.span, one.tried, one.over_other_ranges, one.compared) for one in found.deflated]
    assert counts == [(SPAN, 2, 0, 2), (OTHER, 2, 1, 1)]
    assert "2 experiments tried, 1 over other ranges that overlap, 1 compared here" in remarks(found)[1]
    assert remarks(found)[-1] == "No parameter differs between them."


def test_one_that_never_traded_is_listed_and_counted(lake):
    """Last of the table, in the number of those tried, and said."""
    folders = [put(lake, "flat", FLAT), put(lake, "good", GOOD), put(lake, "fair", FAIR)]
    found = comparison(lake, folders)
    assert found.rows["experiment"].to_list() == ["good", "fair", "flat"]
    (best,) = found.deflated
    assert (best.experiment, best.tried, best.flat) == ("good", 3, 1)
    assert "3 experiments tried, 1 of which never traded" in remarks(found)[0]
    good, fair = moments_of(GOOD), moments_of(FAIR)
    assert best.chance == pytest.approx(deflated_sharpe(good, 3, variance([0, good.ratio, fair.ratio])))


def test_leaving_experiments_out_does_not_make_the_best_better(lake):
    """All that were tried over the range count, whichever are compared."""
    good = put(lake, "good", GOOD)
    put(lake, "fair", FAIR)
    put(lake, "flat", FLAT)
    alone, (every,) = comparison(lake, [good]), comparison(lake, results_over(lake, "um:BTCUSDT", SPAN)).deflated
    assert alone.deflated[0].chance == every.chance
    assert "3 experiments tried, 1 of which never traded (a ratio of 0), 1 compared here" in remarks(alone)[0]


def test_a_range_of_its_own_does_not_make_it_better(lake):
    """One over twice the days counts with its ratio times the root of two, as luck has it; on other days it does not."""
    good = put(lake, "good", GOOD)
    alone = comparison(lake, [good]).deflated[0]
    assert (alone.tried, alone.chance) == (1, None)
    assert "needs two that were tried on the same days" in remarks(comparison(lake, [good]))[0]
    put(lake, "fair", FAIR, OTHER, first="2024-03-24", last="2024-03-27")
    put(lake, "flat", FLAT, "2024-03-20_2024-03-24", first="2024-03-20", last="2024-03-24")
    put(lake, "elsewhere", FAIR, "2024-03-26", first="2024-03-26", last="2024-03-26")
    found = comparison(lake, [good]).deflated[0]
    assert (found.tried, found.over_other_ranges, found.flat) == (3, 2, 1)
    good, fair = moments_of(GOOD), moments_of(FAIR)
    spread = variance([0, good.ratio, fair.ratio * 2**0.5])
    assert found.chance == pytest.approx(deflated_sharpe(good, 3, spread))


def test_a_deleted_result_still_counts(lake):
    """Whoever deletes the bad ones after a comparison does not make the good one better."""
    good, fair = put(lake, "good", GOOD), put(lake, "fair", FAIR)
    before = comparison(lake, [good]).deflated
    shutil.rmtree(lake.store.path(fair))
    assert comparison(lake, [good]).deflated == before
    assert before[0].tried == 2


def test_days_that_were_chosen_on_are_marked(lake):
    """A column, and a remark that names the sweep; a result over other days has none of it."""
    chosen, fresh = put(lake, "one", GOOD), put(lake, "two", FAIR, "2024-03-27", first="2024-03-27", last="2024-03-27")
    assert "in-sample" not in printable(comparison(lake, [chosen, fresh]))[0]
    choose_on(lake, Listing.parse("um:BTCUSDT"), Choice("abc", date(2024, 3, 25), date(2024, 3, 26), 12))
    found = comparison(lake, [chosen, fresh])
    place = printable(found)[0].index("in-sample")
    assert {line[0]: line[place] for line in printable(found)[1:]} == {"one": "1 of 2 days", "two": "no"}
    assert "In-sample: days that abc chose on; figures over them are no evidence." in remarks(found)


def test_intervals_stand_beside_their_figures(lake):
    """In brackets after them, and as columns; where there are none, nothing is said of them."""
    days = [100 + (number * 7) % 5 for number in range(30 * 24)]
    long = put(lake, "long", days, "2024-03-24_2024-04-22", first="2024-03-24", last="2024-04-22")
    found = comparison(lake, [long, put(lake, "short", GOOD)])
    by_name = {row["experiment"]: row for row in found.rows.iter_rows(named=True)}
    row = by_name["long"]
    assert row["sharpe_low"] < row["sharpe"] < row["sharpe_high"]
    assert 0 <= row["probability_of_loss"] <= 1
    assert (row["expectancy_low"], by_name["short"]["sharpe_low"]) == (None, None)
    cells = {line[0]: line for line in printable(found)}
    assert f"({row['sharpe_low']:.2f} to {row['sharpe_high']:.2f})" in " ".join(cells["long"])
    assert "(" not in " ".join(cells["short"])
    assert any("95% intervals" in line for line in remarks(found))
    assert not any("95% intervals" in line for line in remarks(comparison(lake, ["backtests/short/" + SPAN])))


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


def test_intervals_of_missing_quotes_are_a_column(lake):
    """One excludes zero, one does not, one has no bound; a result on published quotes has an empty cell."""
    intervals = {
        "sure": Interval(Decimal(5), Decimal(9)),
        "open": Interval(Decimal(-5), Decimal(9)),
        "none": Interval(why_none="nobody knows"),
        "true": None,
    }
    folders = []
    for number, (name, interval) in enumerate(intervals.items()):
        result = made_up_result(equity=[1000 * value for value in GOOD], every_ns=HOUR_NS, venue={"seed": number})
        document = {**result.document, "interval": interval.document() if interval else None}
        folders.append(write_result(lake, dataclasses.replace(result, document=document), name, SPAN))
    found = comparison(lake, folders)
    header, *rows = printable(found)
    cells = {row[0]: row[header.index("interval")] for row in rows}
    assert cells == {"sure": "[+5.00, +9.00]", "open": "[-5.00, +9.00] ±", "none": "unbounded", "true": ""}
    assert any(line.startswith("Interval: bounds of net") for line in remarks(found))
    assert "interval" not in printable(comparison(lake, folders[3:]))[0]
