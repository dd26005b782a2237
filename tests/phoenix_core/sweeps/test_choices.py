"""Days that were chosen on are known as such, for ever."""

from datetime import date

import pytest

from phoenix_core.errors import CatalogCorrupt
from phoenix_core.market import Listing
from phoenix_core.sweeps.choices import Choice, choices, choose_on, in_sample

UM = Listing.parse("um:BTCUSDT")
MARCH = Choice("abc", date(2024, 3, 1), date(2024, 3, 31), 12)


def test_a_range_is_in_sample_as_far_as_it_was_chosen_on(lake):
    """Days of two sweeps that overlap count once; days beside them count as what they are; another listing has none."""
    choose_on(lake, UM, MARCH)
    choose_on(lake, UM, Choice("def", date(2024, 3, 30), date(2024, 4, 2), 5))
    known = choices(lake, UM)
    found = in_sample(known, date(2024, 3, 29), date(2024, 4, 4))
    assert (found.days, found.of, found.sweeps, found.share) == (5, 7, ("abc", "def"), "5 of 7 days")
    assert in_sample(known, date(2024, 4, 3), date(2024, 4, 4)) is None
    assert choices(lake, Listing.parse("um:ETHUSDT")) == ()


def test_of_one_experiment_nothing_is_chosen(lake):
    """A grid of a single point leaves its days untouched."""
    choose_on(lake, UM, Choice("abc", date(2024, 3, 1), date(2024, 3, 1), 1))
    assert choices(lake, UM) == ()


def test_a_damaged_choice_is_not_forgotten(lake):
    """It is refused with its name, rather than its days taken for untouched."""
    choose_on(lake, UM, MARCH)
    lake.write("choices/um/btcusdt/abc@2024-03-01_2024-03-31.json", b"{")
    with pytest.raises(CatalogCorrupt, match="abc@2024"):
        choices(lake, UM)
