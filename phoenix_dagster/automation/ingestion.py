"""The daily ingestion: requests the days that are out and not here, or here in other bytes."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from phoenix_core.datasets import datasets_on
from phoenix_core.errors import PhoenixError
from phoenix_core.market import Listing, utc_today
from phoenix_dagster.assets.keys import key_of
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

if TYPE_CHECKING:
    from phoenix_core.raw.arrivals import Arrival

INTERVAL_SECONDS = 900
_TIMEOUT = (5.0, 5.0)  # a tick has sixty seconds


def ingestion_sensor(listing: Listing, raw: Sequence[dg.AssetsDefinition], settings: Settings) -> dg.SensorDefinition:
    """Build the sensor of a listing: it requests raw files, the rest follows them (`automation.py`).

    It keeps no cursor: what is here is in the manifest, what was requested is in the run keys. A key
    holds the digest of a day's published checksums, so a day is requested once, and once more when one
    of its files is replaced within `PHOENIX_SENSOR_DAYS`.
    """

    @dg.sensor(
        name=f"ingest_{listing.market.value}_{listing.symbol.lower()}",
        target=list(raw),
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if settings.sensors else dg.DefaultSensorStatus.STOPPED,
        description=f"Requests each of the last {settings.sensor_days} days of {listing} when it is out.",
    )
    def sensor(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SensorResult:
        from phoenix_core.raw.arrivals import arrival, recent_days  # noqa: PLC0415 - likewise
        from phoenix_core.sources.binance.client import Archive  # noqa: PLC0415 - brings an HTTP client
        from phoenix_core.sources.binance.source import BinanceArchive  # noqa: PLC0415 - likewise

        today = date.fromisoformat(workspace.today) if workspace.today else utc_today()
        last = settings.end or today
        days = [day for day in recent_days(today, settings.sensor_days) if settings.start <= day <= last]
        named = workspace.archive()
        if named is None:
            return dg.SensorResult(skip_reason="no archive among PHOENIX_SOURCES: folders are not watched")
        archive = BinanceArchive(Archive(named.client.url("").rstrip("/"), attempts=1, timeout=_TIMEOUT))
        datasets = datasets_on(listing.market, settings.kline_intervals)
        try:
            found = [arrival(workspace.lake(), archive, listing, datasets, day, today) for day in days]
        except PhoenixError as error:
            return dg.SensorResult(skip_reason=str(error))
        requests = [_request(listing, one) for one in found if one.is_due]
        context.log.info(line := _line(found))
        return dg.SensorResult(run_requests=requests) if requests else dg.SensorResult(skip_reason=line)

    return sensor


def _request(listing: Listing, found: "Arrival") -> dg.RunRequest:
    day = found.day.isoformat()
    keys = [key_of(listing, name) for name in found.wanted]
    return dg.RunRequest(run_key=f"{listing}:{day}:{found.digest[:16]}", partition_key=day, asset_selection=keys)


def _line(found: Sequence["Arrival"]) -> str:
    due = [f"{one.day} ({', '.join(one.changed)})" for one in found if one.is_due]
    awaited = [f"{one.day} awaits {', '.join(one.awaited)}" for one in found if one.awaited]
    here = sum(not one.is_due and not one.awaited for one in found)
    parts = [f"requested {'; '.join(due)}" if due else "", "; ".join(awaited), f"{here} days as they are here"]
    return "; ".join(part for part in parts if part)
