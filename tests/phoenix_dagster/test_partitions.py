"""Which days are partitions."""

from datetime import date, timedelta

from phoenix_core.market import utc_today
from phoenix_dagster.partitions import daily
from phoenix_dagster.settings import Settings


def test_an_end_is_the_last_partition():
    """Inclusive, as every range of ours."""
    keys = daily(Settings(start=date(2024, 3, 24), end=date(2024, 3, 28))).get_partition_keys()
    assert (len(keys), keys[0], keys[-1]) == (5, "2024-03-24", "2024-03-28")


def test_without_an_end_yesterday_is_the_last():
    """Also with one that is yet to come."""
    yesterday = (utc_today() - timedelta(1)).isoformat()
    assert daily(Settings()).get_last_partition_key() == yesterday
    assert daily(Settings(end=utc_today() + timedelta(30))).get_last_partition_key() == yesterday
