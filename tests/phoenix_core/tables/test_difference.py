"""Two files of one day, compared row by row."""

from decimal import Decimal

import pytest
from fakes.zips import AGG_HEADER, DAY, UM, put
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.datasets import AGG_TRADES, METRICS
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.tables.difference import difference
from phoenix_core.tables.read import DayTable

START_MS = 1_711_756_800_000
METRICS_HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n"
)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table over a text, in blocks so small that every few rows are another batch."""

    def make(text, dataset=AGG_TRADES):
        root = tmp_path_factory.mktemp("table")
        key = key_of_day(dataset, UM, DAY)
        return DayTable(put(root, key, text), key, dataset, (DAY, DAY), root, block_bytes=150)

    return make


def trades(rows):
    """A row for each id: (price, quantity)."""
    lines = (f"{n},{price},{size},{n},{n},{START_MS + n},true\n" for n, (price, size) in sorted(rows.items()))
    return AGG_HEADER + "".join(lines)


ROWS = st.dictionaries(
    st.integers(0, 60),
    st.tuples(st.sampled_from(["69903.5", "69903.6"]), st.sampled_from(["0.014", "0.015"])),
    min_size=1,
)


@given(left=ROWS, right=ROWS)
def test_every_row_that_differs_is_counted(table, left, right):
    """As two dictionaries say, whatever the batches."""
    found = difference(table(trades(left)), table(trades(right)))
    both = left.keys() & right.keys()
    assert found.compared == len(both)
    assert found.only_left == len(left.keys() - both)
    assert found.only_right == len(right.keys() - both)
    assert found.changed == sum(left[n] != right[n] for n in both)
    assert found.is_none == (left == right)


def test_examples_name_the_row_and_both_values(table):
    """By its id, exactly."""
    left = {1: ("69903.5", "0.014"), 2: ("69903.5", "0.014"), 3: ("69903.5", "0.014")}
    right = {1: ("69903.5", "0.014"), 2: ("69903.6", "0.014"), 4: ("69903.5", "0.014")}
    found = difference(table(trades(left)), table(trades(right))).examples
    assert sorted(found, key=lambda one: one["agg_trade_id"]) == [
        {"what": "changed", "agg_trade_id": 2, "price": (Decimal("69903.5"), Decimal("69903.6"))},
        {"what": "only_left", "agg_trade_id": 3},
        {"what": "only_right", "agg_trade_id": 4},
    ]


def test_rows_without_an_id_are_compared_by_their_key(table):
    """Metrics by time; an empty cell and a value differ, two empty cells don't."""

    def metrics(interest, ratio):
        return METRICS_HEADER + f"2024-03-30 00:05:00,BTCUSDT,{interest},5666717142.65,{ratio},1.39,1.51,0.48\n"

    same = difference(table(metrics("81108.4", ""), METRICS), table(metrics("81108.40", ""), METRICS))
    assert (same.compared, same.is_none) == (1, True)
    other = difference(table(metrics("81108.4", ""), METRICS), table(metrics("81108.4", "1.7"), METRICS))
    assert other.examples[0]["count_toptrader_long_short_ratio"] == (None, Decimal("1.7"))


def test_lines_in_another_order_are_no_difference(table):
    """The same rows shuffled are put in order by both."""
    lines = trades(dict.fromkeys(range(40), ("69903.5", "0.014"))).splitlines(keepends=True)
    shuffled = lines[0] + "".join(reversed(lines[1:]))
    assert difference(table("".join(lines)), table(shuffled)).is_none
