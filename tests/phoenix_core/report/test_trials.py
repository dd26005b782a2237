import itertools

import pytest
from fakes.results import made_up_result, write_result

from phoenix_core.market import day_from_text
from phoenix_core.report.metrics import hourly_returns
from phoenix_core.report.trials import trials

HOUR_NS = 3600 * 10**9


def put(lake, name, equity, first, last, listing="um:BTCUSDT"):
    """A result over a range, with an hourly equity curve from its first midnight on."""
    result = made_up_result(equity=equity, every_ns=HOUR_NS, listing=listing, first=first, last=last)
    shift = (day_from_text(first) - day_from_text("2024-03-24")).days * 24 * HOUR_NS
    object.__setattr__(result, "equity", result.equity.with_columns(result.equity["ts"] + shift))
    return write_result(lake, result, name, first if first == last else f"{first}_{last}")


def test_what_shares_a_day_was_tried_on_the_same_data(lake):
    """A range within, one that overlaps, and the very same; not one beside it, nor one on another listing."""
    put(lake, "same", [1, 2], "2024-03-24", "2024-03-25")
    put(lake, "within", [1, 2], "2024-03-25", "2024-03-25")
    put(lake, "wider", [1, 2], "2024-03-20", "2024-03-24")
    put(lake, "beside", [1, 2], "2024-03-26", "2024-03-27")
    put(lake, "other", [1, 2], "2024-03-24", "2024-03-25", listing="um:BTCUSDC")
    found = trials(lake, "um:BTCUSDT", "2024-03-24_2024-03-25")
    assert {name: one.is_of_range for name, one in found.items()} == {"same": True, "wider": False, "within": False}


def test_only_the_shared_hours_count(lake):
    """Of a result over three days, those of the middle one."""
    equity = [100 + number % 7 for number in range(72)]
    put(lake, "wider", equity, "2024-03-24", "2024-03-26")
    (found,) = trials(lake, "um:BTCUSDT", "2024-03-25").values()
    every = [after / before - 1 for before, after in itertools.pairwise(equity)]
    assert found.returns.to_list() == pytest.approx(every[23:47])


def test_days_of_one_experiment_are_one_trial(lake):
    """Each hour once: out of the longest, then what that leaves out."""
    longest = put(lake, "one", [100 + number % 5 for number in range(48)], "2024-03-24", "2024-03-25")
    put(lake, "one", [100.0] * 24, "2024-03-25", "2024-03-25")
    put(lake, "one", [100 + number % 3 for number in range(24)], "2024-03-26", "2024-03-26")
    (found,) = trials(lake, "um:BTCUSDT", "2024-03-24_2024-03-26").values()
    first = hourly_returns(made_up_result(equity=[100 + n % 5 for n in range(48)], every_ns=HOUR_NS).equity).to_list()
    second = hourly_returns(made_up_result(equity=[100 + n % 3 for n in range(24)], every_ns=HOUR_NS).equity).to_list()
    assert found.returns.to_list() == pytest.approx(first + second)
    assert longest.endswith("2024-03-24_2024-03-25")
