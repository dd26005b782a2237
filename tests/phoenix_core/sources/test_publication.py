from datetime import date, timedelta

import pytest

from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, FUNDING_RATE
from phoenix_core.market import Listing
from phoenix_core.sources.contract import Absence
from phoenix_core.sources.publication import absence, known_absence

UM = Listing.parse("um:BTCUSDT")


def test_a_day_outside_the_life_needs_no_question():
    """The reason says when the dataset ended."""
    known = known_absence(BOOK_TICKER, UM, date(2024, 4, 1))
    assert known is not None
    assert (known.why, known.reason) == (Absence.NEVER, "never: book_ticker of um:BTCUSDT ended 2024-03-30")
    assert known_absence(BOOK_TICKER, UM, date(2024, 3, 30)) is None


@pytest.mark.parametrize(("age", "why"), [(1, Absence.NOT_YET), (3, Absence.NOT_YET), (4, Absence.MISSING)])
def test_a_recent_day_is_not_yet_and_an_old_one_missing(age, why):
    """Three days of grace, since delays of days have happened."""
    day = date(2024, 6, 11)
    assert absence(AGG_TRADES, UM, day, day + timedelta(age)).why is why


def test_a_month_comes_out_after_it_ends():
    """A day early in a month waits for the month's file, however old it is."""
    found = absence(FUNDING_RATE, UM, date(2024, 6, 1), date(2024, 6, 30))
    assert found.why is Absence.NOT_YET
    assert "2024-07-01" in found.reason
