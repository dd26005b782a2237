"""How an interval is written, read and told."""

from decimal import Decimal

from phoenix_core.intervals.interval import Calibration, Interval

CENTS = Decimal("0.01")


def test_an_interval_is_read_as_it_was_written():
    """Also one without bounds."""
    found = Interval(Decimal("1.25"), Decimal("2.50"), "", 250, {"orders": 3}, (Calibration("2024-03-30", 9, 0, 0, 0),))
    for one in (found, Interval(why_none="nobody knows")):
        assert Interval.parse(one.document()) == one


def test_only_bounds_of_one_sign_exclude_zero():
    """Zero itself is not excluded by an end at zero."""
    signs = {(1, 2): True, (-2, -1): True, (-1, 1): False, (0, 1): False, (-1, 0): False}
    assert {ends: Interval(*map(Decimal, ends)).excludes_zero for ends in signs} == signs
    assert not Interval(why_none="nobody knows").excludes_zero


def test_the_result_itself_is_in_its_interval():
    """Implied quotes may lie a tick outside the hull: bounds give way outwards, to the cent."""
    found = Interval(Decimal("-1.00"), Decimal("1.00"))
    assert found.around(Decimal("1.001")).high == Decimal("1.01")
    assert found.around(Decimal(0)) == found
    assert Interval(why_none="none").around(Decimal(5)).low is None


def test_the_hull_is_told_with_its_days_and_weights():
    """1 % of 300 samples and none of 100: 0.75 % of 400."""
    days = (Calibration("2024-03-29", 300, 0.01, 0, 0.01), Calibration("2024-03-30", 100, 0, 0, 0))
    told = Interval(calibration=days).calibrated()
    assert told == (
        "the hull of trades missed a true quote in 0.750% of 400 samples of 2024-03-29 to 2024-03-30 (2 days)"
    )


def test_an_interval_is_told_with_its_sign():
    """Unbounded is said with its reason."""
    found = Interval(Decimal(-1), Decimal(2))
    assert found.told("USDT").endswith("net lies in [-1.00, +2.00] USDT, which does not exclude zero")
    assert Interval(why_none="because").told("USDT") == "quotes are missing, and net is unbounded: because"
