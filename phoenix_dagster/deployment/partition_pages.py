"""Pages of partitions that begin at the last one, also where `PHOENIX_END` set it.

Dagster 1.13 pages a time window definition backwards from the present and forgets its end, so that the UI's plots
over partitions ask for days that are none and stay empty. This rests on private parts of Dagster; a test pins the flaw.
"""

from functools import cache, wraps

from dagster import TimeWindowPartitionsDefinition
from dagster._core.definitions.partitions.context import PartitionLoadingContext
from dagster._core.definitions.partitions.utils.time_window import TimeWindowCursor
from dagster._core.types.pagination import PaginatedResults


@cache
def page_back_from_the_end() -> None:
    """Mend it for this process, once."""
    paged = TimeWindowPartitionsDefinition.get_paginated_partition_keys

    @wraps(paged)
    def paged_from_the_end(
        definition: TimeWindowPartitionsDefinition,
        context: PartitionLoadingContext,
        limit: int,
        ascending: bool,
        cursor: str | None = None,
    ) -> PaginatedResults[str]:
        end, now = definition.end_timestamp, context.effective_dt.timestamp()
        if not ascending and cursor is None and end is not None and end < now:
            # As if the page before had ended there.
            before = TimeWindowCursor(
                start_timestamp=int(definition.start_timestamp), end_timestamp=int(end), offset_partition_count=0
            )
            cursor = before.to_string()
        return paged(definition, context, limit, ascending, cursor)

    TimeWindowPartitionsDefinition.get_paginated_partition_keys = paged_from_the_end  # type: ignore[assignment, method-assign]
