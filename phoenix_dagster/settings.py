"""The only reader of the environment. Every setting is optional and begins with PHOENIX_."""

import logging
import os
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Interval, Listing, day_from_text, utc_today
from phoenix_core.sources.binance.address import without_login
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_dagster.symbols import listings_of

_PREFIX = "PHOENIX_"
# Not ours to judge: tests set the first; Kubernetes sets the others in every pod beside a service named "phoenix".
_OTHERS = ("PHOENIX_TEST_", "PHOENIX_SERVICE_", "PHOENIX_PORT")
# Redis would deliver a run that takes longer than its visibility timeout a second time (docs/decisions/0017).
_BROKERS = ("amqp://", "amqps://", "pyamqp://")
# So near is a slip. `PORT` is not that near to `START`.
_SLIP = 0.75


def _listings(value: object) -> object:
    return listings_of(value) if isinstance(value, str) else value


def _names(value: object) -> object:
    """Read `/data/binance,https://data.binance.vision`."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


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


def _location(value: object) -> object:
    """Text of a folder, or of a URL that names a bucket; nothing is asked of it."""
    if isinstance(value, str) and "://" in value:
        Lake.at(value)
    return str(value) if isinstance(value, Path) else value


def _day(value: object) -> object:
    return day_from_text(value) if isinstance(value, str) else value


class Settings(BaseSettings):
    """What can be set, with defaults that work on a laptop."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data: Annotated[str, BeforeValidator(_location)] = Field(
        "data",
        description="Folder for archive, catalog, signals and backtests; or s3://bucket/prefix, for several hosts.",
    )
    scratch: Path = Field(
        Path("~/.cache/phoenix"),
        description="Folder of this machine for unfinished files and copies, where PHOENIX_DATA is a bucket.",
    )
    cache_bytes: ByteSize = Field(
        ByteSize(20 << 30), ge=0, description="Bound of those copies, such as 50GB; the last hour's stay above it, too."
    )
    archive_url: Annotated[str, AfterValidator(without_login)] = Field(
        "https://data.binance.vision", description="The archive, a mirror of it, or a folder."
    )
    sources: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = Field(
        default=(),
        description="Folders of your own files, and perhaps an archive behind them, separated by commas; the first "
        "that has a day gives it. Empty: the archive alone.",
    )
    monthly: Literal["never", "missing", "first"] = Field(
        "never",
        description="Days out of the archive's files of months; missing: where the day has no file of its own; first: "
        "rather than out of its own, for history with thirty times fewer requests.",
    )
    symbols: Annotated[tuple[Listing, ...], NoDecode, BeforeValidator(_listings)] = Field(
        default=(Listing.parse("um:BTCUSDT"),),
        description="market:SYMBOL, separated by commas; @FILE for a file with one a line; patterns such as um:*USDT "
        "choose among those of files.",
    )
    symbols_per_location: int = Field(
        100, ge=1, le=1000, description="Symbols of one code location, where `phoenix ui` makes several."
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
    shuffles: int = Field(
        20, ge=0, le=1000, description="Replays with shuffled signals beside each continuous backtest. 0: none."
    )
    sensor_days: int = Field(7, ge=1, le=60, description="Days back that a sensor looks for new or replaced files.")
    notify_url: SecretStr | None = Field(None, description="Webhook that is told of failed and late days.")
    notify_format: Literal["auto", "json", "slack"] = Field(
        "auto", description="What the webhook is sent; auto: Slack's form to hooks.slack.com, plain JSON elsewhere."
    )
    reports_port: int = Field(
        3001, ge=0, le=65535, description="Port on 127.0.0.1 where reports are served; 0: nowhere."
    )
    postgres_url: SecretStr | None = Field(None, description="PostgreSQL for runs, events and schedules.")
    celery_broker: SecretStr | None = Field(
        None,
        description="RabbitMQ, such as amqp://user:password@host:5672/phoenix: runs are done by `phoenix worker`, on "
        "any number of hosts. Needs PHOENIX_POSTGRES_URL.",
    )

    @property
    def is_elsewhere(self) -> bool:
        """Whether data is reached over a network."""
        return "://" in self.data

    @property
    def local(self) -> Local:
        """What a bucket may use of this machine."""
        return Local(self.scratch, int(self.cache_bytes))


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigInvalid: One line that names the setting, what was expected and what was found.
    """
    try:
        settings = Settings()
        _refuse_slips()
    except UnicodeDecodeError as error:
        raise ConfigInvalid(f"The file .env is no UTF-8 text ({error.reason}). Correct it.") from error
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
    _refuse_half_of_several_hosts(settings)
    return settings


def _refuse_half_of_several_hosts(settings: Settings) -> None:
    broker = settings.celery_broker
    if broker is None:
        return
    if not broker.get_secret_value().startswith(_BROKERS):
        raise ConfigInvalid(
            "PHOENIX_CELERY_BROKER is no address of RabbitMQ: expected amqp://user:password@host:5672/name, or "
            "amqps:// for TLS. Correct it."
        )
    if settings.postgres_url is None:
        raise ConfigInvalid(
            "PHOENIX_CELERY_BROKER is set without PHOENIX_POSTGRES_URL: workers on other hosts can't reach the history "
            "in SQLite files of this one. Set PHOENIX_POSTGRES_URL, or unset PHOENIX_CELERY_BROKER."
        )


def _refuse_slips() -> None:
    """Refuse an unknown variable that is nearly a setting, and name any other: ignored in silence it would mislead.

    A mistyped PHOENIX_DATA would fill the wrong disk. What is no slip may belong to another program, so a line
    on stderr must do.
    """
    known = [f"{_PREFIX}{name.upper()}" for name in Settings.model_fields]
    # Pydantic's own sources, so that names are found just as it finds them: in any case, and in `.env`.
    sources = {"environment": EnvSettingsSource(Settings), ".env": DotEnvSettingsSource(Settings)}
    for place, source in sources.items():
        for name in sorted(name.upper() for name in source.env_vars):
            if not name.startswith(_PREFIX) or name.startswith(_OTHERS) or name in known:
                continue
            bare = {one.removeprefix(_PREFIX): one for one in known}
            if near := get_close_matches(name.removeprefix(_PREFIX), bare, n=1, cutoff=_SLIP):
                raise ConfigInvalid(
                    f"{name} ({place}) is no setting: did you mean {bare[near[0]]}? Correct or unset it."
                )
            _mention(name, place)


@cache
def _mention(name: str, place: str) -> None:
    """Say once a process that a variable is not ours."""
    logging.getLogger(__name__).warning(
        "%s (%s) is no setting of Phoenix and changes nothing; `phoenix settings` lists them.", name, place
    )


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return read_settings()


def dagster_home() -> Path:
    """Where Dagster's history lies: DAGSTER_HOME, of the environment or of `.env`, or the current folder."""
    named = os.environ.get("DAGSTER_HOME") or dotenv_values(".env").get("DAGSTER_HOME")  # noqa: TID251 - the one place
    return Path(named or Path.cwd()).resolve()


def search_storage(chosen: Settings) -> str:
    """Where searches of sweeps are remembered, as a URL: beside Dagster's history, in PostgreSQL or in SQLite."""
    if chosen.postgres_url is not None:
        return chosen.postgres_url.get_secret_value()
    return f"sqlite:///{dagster_home() / 'searches.db'}"


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
