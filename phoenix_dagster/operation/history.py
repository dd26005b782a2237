"""Telling Dagster's history what lies in the data folder without having been made in a run."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from phoenix_core.manifest import Entry
from phoenix_dagster.metadata import Metadata

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
    from phoenix_dagster.partitions import daily  # noqa: PLC0415 - only where it is used

    known = _known(settings)
    days = set(daily(settings).get_partition_keys())
    with dg.DagsterInstance.get() as instance:
        for entry in entries:
            if entry.asset in known and entry.day in days:
                report(instance, known[entry.asset], entry, "Adopted by `phoenix adopt`, where it lies.")


def tell_inventory(settings: "Settings", document: Mapping[str, Any]) -> None:
    """Report what a folder holds of each raw asset as an observation of it; what is no asset of ours is passed over.

    Args:
        settings: Say which assets there are.
        document: An inventory, as `document_of` makes it.
    """
    known = _known(settings)
    with dg.DagsterInstance.get() as instance:
        for one in document["holdings"]:
            key = known.get("/".join((one["market"], one["symbol"].lower(), one["dataset"])))
            if key is not None:
                description = f"What {document['folder']} holds of it, when `phoenix adopt` looked."
                instance.report_runless_asset_event(
                    dg.AssetObservation(key, description=description, metadata=_held(document["folder"], one))
                )


def _known(settings: "Settings") -> dict[str, dg.AssetKey]:
    """Our assets by their path, in the history that the settings name."""
    from phoenix_dagster.code_location import definitions  # noqa: PLC0415 - brings all of Dagster's definitions
    from phoenix_dagster.settings import dagster_home, export  # noqa: PLC0415 - as above

    export({"DAGSTER_HOME": str(dagster_home())})
    return {key.to_user_string(): key for key in definitions(settings).resolve_asset_graph().materializable_asset_keys}


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
