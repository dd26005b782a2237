import dataclasses
from datetime import date
from decimal import Decimal

from fakes.results import made_up_result, write_result

from phoenix_core.intervals.interval import Calibration, Interval
from phoenix_core.market import Listing
from phoenix_core.report.folder import result_in
from phoenix_core.report.summary import Summary
from phoenix_core.sweeps.choices import Choice, choose_on

HOUR_NS = 3600 * 10**9


def headlines(result):
    return {one.name: one for one in Summary(result).headlines()}


def test_the_headlines_by_hand():
    """100,000 became 101,000 while the price fell from 50,000 to 49,000; equity fell once from 102,000 to 99,960."""
    result = made_up_result(
        nets=[1000], equity=[100_000, 102_000, 99_960, 101_000], prices=[50_000, 51_000, 48_000, 49_000],
        net=Decimal(1000), every_ns=HOUR_NS,
    )  # fmt: skip
    found = headlines(result)
    assert found["Net PnL"].text == "+1,000.00 USDT"
    assert found["Return"].text == "+1.00%"
    assert found["Buy and hold"].text == "-2.00%"
    assert found["Buy and hold"].note == "-2,000.00 USDT, unlevered, without fees or funding"
    assert found["Max drawdown"].text == "2.00%"
    assert found["Max drawdown"].note.endswith("buy and hold 5.88%")
    assert found["Fees"].text == "-20.00 USDT"
    assert found["Funding"].text == "-3.00 USDT"
    assert "4 hourly returns" in found["Sharpe, annualized"].note
    assert (found["Net PnL"].tone, found["Buy and hold"].tone) == ("gain", "loss")


def test_the_currency_is_the_listings():
    """A result in USDC says so."""
    result = made_up_result(listing="um:BTCUSDC")
    assert headlines(result)["Net PnL"].text == "0.00 USDC"


def test_a_result_without_a_trade_has_figures_too():
    """None where too little happened, and no sign at nothing."""
    found = headlines(made_up_result())
    assert (found["Return"].text, found["Sharpe, annualized"].text, found["Exposure"].text) == ("0.00%", "none", "0.0%")


def test_what_stands_beside_a_result_by_hand():
    """Bought at 50,000 and sold at 49,000, less 0.02 % of either end; shuffles of which three of four gained less."""
    result = made_up_result(nets=[1000], prices=[50_000, 49_500, 49_000], equity=[100_000] * 3)
    held, random, dealt = Summary(dataclasses.replace(result, shuffled=(-5.0, 0.0, 10.0, 2000.0))).baselines()
    share = 10 / (0.5 * (50_000 + 50_000.5))  # fees of its round trip
    assert held[:2] == ("buy and hold", f"{-2000 - share * (100_000 + 98_000):+,.2f}")
    assert random[0] == "random entries"
    assert random[3] == "100%"
    assert random[4].endswith("1,000 draws.")
    assert dealt[:4] == ("shuffled signals", "+5.00", "-4.25 to +1,701.50", "75%")
    assert [row[0] for row in Summary(made_up_result()).baselines()] == ["buy and hold"]


def test_what_adds_up_stands_above_its_sum():
    """Starting balance, price, slippage, fees, funding, net, final balance."""
    rows = Summary(made_up_result(net=Decimal(1000))).parts()
    assert [row[0] for row in rows] == [
        "starting balance", "price", "slippage", "fees", "funding", "net", "final balance",
    ]  # fmt: skip
    amounts = [Decimal(row[1].replace(",", "")) for row in rows]
    assert sum(amounts[1:5]) == amounts[5]
    assert amounts[0] + amounts[5] == amounts[6]


def test_made_up_data_ruin_and_missing_days_are_told_first():
    """Each is a notice; an ordinary result has none."""
    assert Summary(made_up_result()).notices() == []
    result = made_up_result(missing={"2024-03-25": "it was never materialized"})
    ruined = dict(result.document) | {"ruined_ns": 1_711_238_400 * 10**9}
    found = Summary(dataclasses.replace(result, document=ruined, is_synthetic=True)).notices()
    assert [one.is_grave for one in found] == [False, True, False]
    assert found[0].text.startswith("Synthetic data")
    assert "worth nothing at 2024-03-24 00:00 UTC" in found[1].text
    assert found[2].text.startswith("1 of 2 days could not be run")


def test_days_that_were_chosen_on_are_told_gravely(lake):
    """A result over the days of a sweep says whose they were; without a sweep it says nothing."""
    folder = write_result(lake, made_up_result())
    assert Summary(result_in(lake, folder)).notices() == []
    choose_on(lake, Listing.parse("um:BTCUSDT"), Choice("abc", date(2024, 3, 25), date(2024, 3, 25), 2))
    (notice,) = Summary(result_in(lake, folder)).notices()
    assert notice.is_grave
    assert notice.text.startswith("In-sample: sweep abc chose on 1 of 2 days of this range")


def test_doubt_stands_beside_the_figures():
    """Thirty days of hours, a round trip won each: intervals in headlines and rows; two minutes: none, with the reason."""
    equity = [100_000 + 100 * ((number * 7) % 5) for number in range(30 * 24)]
    summary = Summary(made_up_result(nets=[5, -3] * 12, equity=equity, every_ns=HOUR_NS))
    found = {one.name: one.note for one in summary.headlines()}
    low, high = summary.uncertainty.sharpe.low, summary.uncertainty.sharpe.high
    assert found["Sharpe, annualized"].startswith(f"95% interval {low:.2f} to {high:.2f}; from 720 hourly returns")
    assert "; probability of a loss over as many days: " in found["Net PnL"]
    rows = summary.intervals()
    assert [row[0] for row in rows] == [
        "Sharpe", "max drawdown", "expectancy, USDT", "probability of a loss",
    ]  # fmt: skip
    assert rows[2] == ("expectancy, USDT", "+1.00", "none")  # all of them within an hour of the first day
    short = Summary(made_up_result())
    assert (short.intervals(), short.uncertainty.why_none) == ([], "1 day, at least 20 are needed")
    assert "interval" not in " ".join(one.note for one in short.headlines())


def test_every_statistic_is_listed_with_its_meaning():
    """And none with an empty one."""
    rows = Summary(made_up_result(nets=[5, -3])).figures()
    assert all(meaning for _, _, meaning in rows)
    found = {name: value for name, value, _ in rows}
    assert found["expectancy"] == "+1.00 USDT"
    assert (found["round trips"], found["round trips won"], found["profit factor"]) == ("2", "1", "1.67")
    assert found["excluded"] == "1.5 h"


def test_missing_quotes_are_a_grave_notice_unless_the_sign_is_certain():
    """The bounds of net, and how far the hull behind them can be trusted."""
    result = made_up_result(net=Decimal(50))
    for low, is_grave in ((-10, True), (10, False)):
        interval = Interval(Decimal(low), Decimal(90), calibration=(Calibration("2024-03-29", 400, 0, 0, 0.01),))
        found = Summary(dataclasses.replace(result, document={**result.document, "interval": interval.document()}))
        (notice,) = found.notices()
        assert notice.is_grave == is_grave
        assert f"net lies in [{low:+.2f}, +90.00] USDT" in notice.text
        assert "1.000% of 400 samples of 2024-03-29" in notice.text
        assert found.headlines()[0].note.startswith(f"in [{low:+.2f}, +90.00] by trades alone; ")
