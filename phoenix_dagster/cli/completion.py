"""What the shell offers on Tab: symbols, assets, stages and days, read from settings and the data folder alone.

Nothing is asked over a network. Where settings are wrong nothing is offered, and the command then says why.
"""

from typing import TYPE_CHECKING

from phoenix_core.errors import PhoenixError

if TYPE_CHECKING:
    from phoenix_core.manifest import Key
    from phoenix_dagster.settings import Settings

_DAY = 10  # characters of an ISO day; ranges are longer


def symbols_beginning(incomplete: str) -> list[str]:
    """Symbols of the settings."""
    found = _settings()
    return [str(one) for one in found.symbols if str(one).startswith(incomplete)] if found else []


def listings_beginning(incomplete: str) -> list[str]:
    """Symbols of the settings; the last of several after commas."""
    before, comma, part = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in symbols_beginning(part)]


def names_beginning(incomplete: str) -> list[str]:
    """Stages, and assets that have days in the data folder; the last of several after commas."""
    from phoenix_core.products import Stage  # noqa: PLC0415 - for this option alone

    before, comma, part = incomplete.rpartition(",")
    names = {"all", *(stage.value for stage in Stage), *(key.asset.rpartition("/")[2] for key in _recorded())}
    return sorted(f"{before}{comma}{name}" for name in names if name.startswith(part))


def datasets_beginning(incomplete: str) -> list[str]:
    """Datasets, and what is made from them; the last of several after commas."""
    from phoenix_core.market import Market  # noqa: PLC0415 - for this option alone
    from phoenix_core.products import products_on  # noqa: PLC0415 - as above

    before, comma, part = incomplete.rpartition(",")
    names = {product.name for market in Market for product in products_on(market)}
    return sorted(f"{before}{comma}{name}" for name in names if name.startswith(part))


def days_beginning(incomplete: str) -> list[str]:
    """Days that lie in the data folder."""
    days = {key.day for key in _recorded() if len(key.day) == _DAY and not key.variant}
    return sorted(day for day in days if day.startswith(incomplete))


def _recorded() -> "list[Key]":
    from phoenix_core.manifest import Manifest  # noqa: PLC0415 - where the data folder is looked into
    from phoenix_core.storage.lake import Lake  # noqa: PLC0415 - likewise

    found = _settings()
    try:
        return list(Manifest(Lake.at(found.data)).recorded()) if found and not found.is_elsewhere else []
    except (PhoenixError, OSError):
        return []


def _settings() -> "Settings | None":
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - brings pydantic, --help need not wait for it

    try:
        return read_settings()
    except PhoenixError:
        return None
