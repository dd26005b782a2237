"""The only reader of the environment. Every setting is optional and begins with PHOENIX_."""

import os
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from phoenix_core.archive.address import without_login
from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Interval, Listing, day_from_text, utc_today

_PREFIX = "PHOENIX_"


def _listings(value: object) -> object:
    """Read `um:BTCUSDT,spot:ETHUSDT`; a listing that stands twice counts once."""
    if not isinstance(value, str):
        return value
    return tuple(dict.fromkeys(Listing.parse(part) for part in value.split(",") if part.strip()))


def _intervals(value: object) -> object:
    """Read `1m,5m`."""
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if unknown := [part for part in parts if part not in set(Interval)]:
        raise ConfigInvalid(
            f"PHOENIX_KLINE_INTERVALS has {', '.join(map(repr, unknown))}: "
            f"expected some of {', '.join(Interval)}. Correct it."
        )
    return tuple(dict.fromkeys(Interval(part) for part in parts))


def _day(value: object) -> object:
    return day_from_text(value) if isinstance(value, str) else value


class Settings(BaseSettings):
    """What can be set, with defaults that work on a laptop."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_file=".env", extra="ignore", frozen=True)

    data: Path = Field(Path("data"), description="Folder for archive, catalog, signals and backtests.")
    archive_url: Annotated[str, AfterValidator(without_login)] = Field(
        "https://data.binance.vision", description="The archive, a mirror of it, or a folder."
    )
    symbols: Annotated[tuple[Listing, ...], NoDecode, BeforeValidator(_listings)] = Field(
        default=(Listing.parse("um:BTCUSDT"),), description="market:SYMBOL, separated by commas."
    )
    kline_intervals: Annotated[tuple[Interval, ...], NoDecode, BeforeValidator(_intervals)] = Field(
        default=(Interval.M1,), description="Lengths of klines and bars; 1m is always among them."
    )
    start: Annotated[date, BeforeValidator(_day)] = Field(date(2020, 1, 1), description="First partition.")
    end: Annotated[date | None, BeforeValidator(_day)] = Field(
        None, description="Last partition, inclusive; without it: yesterday, day after day."
    )
    days_per_run: Annotated[int, Field(ge=1)] | Literal["all"] = Field(
        1, description="Days that one run takes; all: any range in one run."
    )
    executor: Literal["in_process", "multiprocess"] = Field("in_process", description="How a run's steps run.")
    downloads: int = Field(12, ge=1, le=32, description="Days that one run downloads at once, a request each.")
    conversions: int = Field(2, ge=1, le=32, description="Days that one run converts at once.")
    sensors: bool = Field(default=False, description="Ingestion and what follows it start switched on.")
    schedules: bool = Field(default=False, description="Morning schedules start switched on, instead of sensors.")
    daily_backtest: bool = Field(default=False, description="A day's backtest follows its signals by itself.")
    sensor_days: int = Field(7, ge=1, le=60, description="Days back that a sensor looks for new or replaced files.")
    notify_url: SecretStr | None = Field(None, description="Webhook that is told of failed and late days.")
    notify_format: Literal["auto", "json", "slack"] = Field(
        "auto", description="What the webhook is sent; auto: Slack's form to hooks.slack.com, plain JSON elsewhere."
    )
    reports_port: int = Field(
        3001, ge=0, le=65535, description="Port on 127.0.0.1 where reports are served; 0: nowhere."
    )
    postgres_url: SecretStr | None = Field(None, description="PostgreSQL for runs, events and schedules.")


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigInvalid: One line that names the setting, what was expected and what was found.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{_PREFIX}{'_'.join(str(part) for part in problem['loc'][:1]).upper()}: {problem['msg']}, "
            f"found {problem['input']!r}"
            for problem in error.errors()
        )
        raise ConfigInvalid(f"{problems}. Correct the environment or the .env file.") from error
    if not settings.symbols:
        raise ConfigInvalid("PHOENIX_SYMBOLS is empty: expected market:SYMBOL, such as um:BTCUSDT.")
    if settings.start >= utc_today():
        raise ConfigInvalid(
            f"PHOENIX_START is {settings.start}: expected a day before today, {utc_today()} UTC. Correct it."
        )
    notify = settings.notify_url
    if notify is not None and not notify.get_secret_value().startswith(("http://", "https://")):
        raise ConfigInvalid("PHOENIX_NOTIFY_URL is no address of a webhook: expected http:// or https://. Correct it.")
    if settings.end is not None and settings.end < settings.start:
        raise ConfigInvalid(f"PHOENIX_END is {settings.end}: expected {settings.start}, PHOENIX_START, or later.")
    return settings


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return read_settings()


def dagster_home() -> Path:
    """Where Dagster's history lies: DAGSTER_HOME, or the current folder."""
    return Path(os.environ.get("DAGSTER_HOME") or Path.cwd()).resolve()  # noqa: TID251 - this is the one place


def export(values: Mapping[str, str]) -> None:
    """Set variables for this process and those it starts; settings that were read stay as they are."""
    os.environ.update(values)  # noqa: TID251 - this is the one place


DEMO_MARK = "phoenix-demo"


def demo_environment(folder: Path) -> dict[str, str]:
    """The environment in which a demo folder is a Phoenix of its own; its days stand in the demo's mark."""
    mark = folder / DEMO_MARK
    lines = mark.read_text(encoding="ascii").splitlines() if mark.is_file() else []
    days = dict(line.split("=", 1) for line in lines if line.startswith(_PREFIX))
    return {
        "DAGSTER_HOME": str(folder / "dagster"),
        "PHOENIX_DATA": str(folder / "data"),
        "PHOENIX_ARCHIVE_URL": str(folder / "archive"),
        "PHOENIX_SYMBOLS": "um:BTCUSDT",
        "PHOENIX_START": "2024-03-01",
        **days,
    }
