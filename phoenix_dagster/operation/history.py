"""Telling Dagster's history what lies in the data folder without having been made in a run."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from phoenix_core.manifest import Entry
from phoenix_dagster.metadata import Metadata

if TYPE_CHECKING:
    from phoenix_dagster.settings import Settings


_VERSION = "dagster/data_version"


def report(instance: dg.DagsterInstance, key: dg.AssetKey, entry: Entry, description: str) -> None:
    """Report a day of an asset as materialized, with the data version that its entry has."""
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            key,
            partition=entry.day,
            description=description,
            tags={_VERSION: entry.data_version},
        )
    )


def tell_adoption(settings: "Settings", entries: Iterable[Entry], inventory: Mapping[str, Any]) -> None:
    """Report days of raw assets that were adopted, and what their folder holds of each as an observation of it.

    What is no asset or no partition of ours is passed over, and so is what the history knows already: adopting a
    folder again adds nothing to it.

    Args:
        settings: Say which assets there are, and where their history is.
        entries: Of the days.
        inventory: Of the folder, as `document_of` makes it.
    """
    from phoenix_dagster.code_location import definitions  # noqa: PLC0415 - brings all of Dagster's definitions
    from phoenix_dagster.partitions import daily  # noqa: PLC0415 - only where it is used
    from phoenix_dagster.settings import dagster_home, export  # noqa: PLC0415 - as above

    export({"DAGSTER_HOME": str(dagster_home())})
    assets = definitions(settings).resolve_asset_graph().materializable_asset_keys
    known = {key.to_user_string(): key for key in assets}
    days = set(daily(settings).get_partition_keys())
    with dg.DagsterInstance.get() as instance:
        versions: dict[str, Mapping[str, Mapping[str, str]]] = {}
        for entry in entries:
            if entry.asset not in known or entry.day not in days:
                continue
            key = known[entry.asset]
            if entry.asset not in versions:
                versions[entry.asset] = instance.event_log_storage.get_latest_tags_by_partition(
                    key, dg.DagsterEventType.ASSET_MATERIALIZATION, [_VERSION]
                )
            if versions[entry.asset].get(entry.day, {}).get(_VERSION) != entry.data_version:
                report(instance, key, entry, "Adopted by `phoenix adopt`, where it lies.")
        for one in inventory["holdings"]:
            asset = known.get("/".join((one["market"], one["symbol"].lower(), one["dataset"])))
            if asset is not None:
                _observe(instance, asset, _held(inventory["folder"], one))


def _observe(instance: dg.DagsterInstance, key: dg.AssetKey, held: Metadata) -> None:
    description = "What the folder holds of it, when `phoenix adopt` looked."
    observation = dg.AssetObservation(key, description=description, metadata=held)
    last = [record.asset_observation for record in instance.fetch_observations(key, limit=1).records]
    if not any(one is not None and one.metadata == observation.metadata for one in last):
        instance.report_runless_asset_event(observation)


def _held(folder: str, one: Mapping[str, Any]) -> Metadata:
    rows = [",".join(one["columns"]), *one["first_rows"], "…", one["last_row"]]
    return {
        "folder": dg.MetadataValue.path(folder),
        **{name: one[name] for name in ("files", "days", "bytes", "checksums")},
        "first_day": one["first"],
        "last_day": one["last"],
        **{f"{name}_days": one[name]["count"] for name in ("missing", "double")},
        **{f"which_{name}": one[name]["days"] for name in ("missing", "double") if one[name]["count"]},
        **({"doubt": one["doubt"]} if one["doubt"] else {}),
        "preview": dg.MetadataValue.md("```\n" + "\n".join(row for row in rows if row) + "\n```"),
    }
