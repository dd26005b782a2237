"""Which partitions the UI asks for first: the newest that there are."""

from datetime import UTC, date, datetime

import pytest
from dagster import TimeWindowPartitionsDefinition
from dagster._core.definitions.partitions.context import PartitionLoadingContext
from dagster._core.definitions.temporal_context import TemporalContext

from phoenix_dagster.deployment.partition_pages import page_back_from_the_end
from phoenix_dagster.partitions import daily
from phoenix_dagster.settings import Settings

NOW = PartitionLoadingContext(
    temporal_context=TemporalContext(effective_dt=datetime(2026, 11, 24, 12, tzinfo=UTC), last_event_id=None),
    dynamic_partitions_store=None,
)
ENDED = daily(Settings(start=date(2024, 3, 24), end=date(2024, 3, 28)))


@pytest.fixture
def mended(monkeypatch):
    """Dagster's method as it is, mended, and as it was afterwards."""
    name = "get_paginated_partition_keys"
    original = getattr(TimeWindowPartitionsDefinition, name)
    original = getattr(original, "__wrapped__", original)
    monkeypatch.setattr(TimeWindowPartitionsDefinition, name, original)
    page_back_from_the_end.__wrapped__()


def test_dagster_itself_begins_at_the_present():
    """The flaw: where an end is set, the first page holds none of the partitions. Mended by Dagster, this fails."""
    paged = TimeWindowPartitionsDefinition.get_paginated_partition_keys
    paged = getattr(paged, "__wrapped__", paged)
    assert paged(ENDED, NOW, 3, False).results == ["2026-11-23", "2026-11-22", "2026-11-21"]


@pytest.mark.usefixtures("mended")
def test_pages_begin_at_the_end_and_go_on_to_the_start():
    """Three days, then the other two, then none."""
    first = ENDED.get_paginated_partition_keys(NOW, 3, ascending=False)
    assert first.results == ["2024-03-28", "2024-03-27", "2024-03-26"]
    rest = ENDED.get_paginated_partition_keys(NOW, 3, ascending=False, cursor=first.cursor)
    assert (rest.results, rest.has_more) == (["2024-03-25", "2024-03-24"], False)


@pytest.mark.usefixtures("mended")
def test_without_an_end_pages_begin_yesterday():
    """As before, and so do pages that go forward."""
    assert daily(Settings()).get_paginated_partition_keys(NOW, 1, ascending=False).results == ["2026-11-23"]
    assert ENDED.get_paginated_partition_keys(NOW, 2, ascending=True).results == ["2024-03-24", "2024-03-25"]
