"""What a result says of itself."""

from datetime import date

import pytest

from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.backtest.result import maintained
from phoenix_core.backtest.venue import as_traded
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing


@pytest.mark.parametrize(
    ("listing", "venue", "told"),
    [
        ("um:BTCUSDT", {}, "maintenance by the leverage brackets of each day"),
        ("um:BTCUSDT", {"maintenance_margin": "0.02"}, "maintenance 0.02 as asked"),
        (
            "cm:BTCUSD_PERP",
            {},
            (
                "maintenance 0.004 whatever the size, and no largest position: assumed, no leverage brackets of "
                "cm:BTCUSD_PERP are known"
            ),
        ),
    ],
)
def test_one_line_says_what_margin_maintains_a_position(listing, venue, told):
    """By brackets no rate is named beside them; where none are known one rate is assumed, and marked."""
    chosen, day = VenueParameters.model_validate(venue), date(2024, 3, 24)
    spec = as_traded(specification(Listing.parse(listing), day), chosen)
    assert maintained(chosen, spec, [day]) == told


def test_brackets_of_other_days_are_marked():
    """Before the first that were seen, and after the last look."""
    chosen, days = VenueParameters(), [date(2019, 9, 1), date(2026, 1, 1)]
    told = maintained(chosen, specification(Listing.parse("um:BTCUSDT"), days[0]), days)
    assert told.startswith("maintenance by the leverage brackets of each day, before 20")
    assert told.endswith(", after 2024-10-24 those of that day")
