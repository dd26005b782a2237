"""The daily ingestion: requests the days that are out and not here, or here in other bytes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import dagster as dg

from phoenix_core.datasets import datasets_on
from phoenix_core.errors import PhoenixError, SourceUnreachable
from phoenix_core.market import Listing, utc_today
from phoenix_dagster.assets.keys import key_of
from phoenix_dagster.automation.turns import Turns
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

if TYPE_CHECKING:
    from phoenix_core.raw.arrivals import Arrival
    from phoenix_core.sources.contract import Source
    from phoenix_core.storage.lake import Lake

INTERVAL_SECONDS = 900
# 25 symbols on all of seven days are some 2,000 small requests, half a minute of a tick's sixty seconds.
SYMBOLS_A_TICK = 25
_AT_ONCE = 8
_TIMEOUT = (5.0, 5.0)


def ingestion_sensor(raw: Sequence[dg.AssetsDefinition], settings: Settings) -> dg.SensorDefinition:
    """Build the sensor of all symbols: it requests raw files, the rest follows them (`following.py`).

    What is here is in the manifest, what was requested is in the run keys; the cursor only says whose turn it is.
    A key holds the digest of a day's published checksums, so a day is requested once, and once more when one
    of its files is replaced within `PHOENIX_SENSOR_DAYS`.
    """
    turns = Turns(settings.symbols, SYMBOLS_A_TICK)

    @dg.sensor(
        name="ingest",
        asset_selection=list(raw),
        minimum_interval_seconds=turns.seconds(INTERVAL_SECONDS),
        default_status=dg.DefaultSensorStatus.RUNNING if settings.sensors else dg.DefaultSensorStatus.STOPPED,
        description=f"Requests each of the last {settings.sensor_days} days of {turns} when it is out.",
    )
    def sensor(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SensorResult:
        from phoenix_core.raw.arrivals import recent_days  # noqa: PLC0415 - brings what reads sources
        from phoenix_core.sources.binance.client import Archive  # noqa: PLC0415 - brings an HTTP client
        from phoenix_core.sources.binance.source import BinanceArchive  # noqa: PLC0415 - likewise

        today = date.fromisoformat(workspace.today) if workspace.today else utc_today()
        last = settings.end or today
        days = [day for day in recent_days(today, settings.sensor_days) if settings.start <= day <= last]
        named = workspace.archive()
        if named is None:
            return dg.SensorResult(skip_reason="no archive among PHOENIX_SOURCES: folders are not watched")
        archive = BinanceArchive(Archive(named.client.url("").rstrip("/"), attempts=1, timeout=_TIMEOUT))
        taken, after = turns.next(int(context.cursor or 0))
        ask = partial(_asked, workspace.lake(), archive, days, today, settings)
        first = ask(taken[0])
        if isinstance(first.error, SourceUnreachable):  # the rest would only wait for it, too
            return dg.SensorResult(skip_reason=str(first), cursor=context.cursor)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = [first, *pool.map(ask, taken[1:])]
        for answer in answers:
            context.log.info("%s: %s", answer.listing, answer)
        requests = [request for answer in answers for request in answer.requests]
        said = "\n".join(
            str(answer) if len(settings.symbols) == 1 else f"{answer.listing}: {answer}" for answer in answers
        )
        return dg.SensorResult(run_requests=requests, skip_reason=None if requests else said, cursor=str(after))

    return sensor


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the archive said of a symbol: its days, or why it could not be asked."""

    listing: Listing
    found: Sequence["Arrival"] = ()
    error: PhoenixError | None = None

    @property
    def requests(self) -> list[dg.RunRequest]:
        return [_request(self.listing, one) for one in self.found if one.is_due]

    def __str__(self) -> str:
        return str(self.error) if self.error else _line(self.found)


def _asked(
    lake: "Lake", archive: "Source", days: Sequence[date], today: date, settings: Settings, listing: Listing
) -> _Answer:
    from phoenix_core.raw.arrivals import arrival  # noqa: PLC0415 - brings what reads sources

    datasets = datasets_on(listing.market, settings.kline_intervals)
    try:
        return _Answer(listing, [arrival(lake, archive, listing, datasets, day, today) for day in days])
    except PhoenixError as error:  # one symbol that is refused must not hold up the others
        return _Answer(listing, error=error)


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
