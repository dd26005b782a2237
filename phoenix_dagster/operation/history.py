"""Telling Dagster's history what lies in the data folder without having been made in a run."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import dagster as dg

from phoenix_core.manifest import Entry

if TYPE_CHECKING:
    from phoenix_dagster.settings import Settings


def report(instance: dg.DagsterInstance, key: dg.AssetKey, entry: Entry, description: str) -> None:
    """Report a day of an asset as materialized, with the data version that its entry has."""
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            key,
            partition=entry.day,
            description=description,
            tags={"dagster/data_version": entry.data_version},
        )
    )


def tell_history(settings: "Settings", entries: Iterable[Entry]) -> None:
    """Report days of raw assets that were adopted; what is no asset or no partition of ours is passed over."""
    from phoenix_dagster.code_location import definitions  # noqa: PLC0415 - brings all of Dagster's definitions
    from phoenix_dagster.partitions import daily  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import dagster_home, export  # noqa: PLC0415 - as above

    export({"DAGSTER_HOME": str(dagster_home())})
    known = {key.to_user_string(): key for key in definitions(settings).resolve_asset_graph().materializable_asset_keys}
    days = set(daily(settings).get_partition_keys())
    with dg.DagsterInstance.get() as instance:
        for entry in entries:
            if entry.asset in known and entry.day in days:
                report(instance, known[entry.asset], entry, "Adopted by `phoenix adopt`, where it lies.")
