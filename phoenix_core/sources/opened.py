"""Sources as people name them, folders and addresses, opened."""

from collections.abc import Sequence

from phoenix_core.errors import ConfigInvalid
from phoenix_core.sources.binance.address import folder_of
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.sources.contract import Monthly
from phoenix_core.sources.local_tree.tree import LocalTree

_ARCHIVE_FOLDERS = ("data/spot", "data/futures")


def opened(
    named: Sequence[str], archive_url: str, monthly: Monthly = Monthly.NEVER
) -> tuple[BinanceArchive | None, tuple[LocalTree, ...]]:
    """Open sources in their order of preference.

    Args:
        named: Folders of any layout, and at their end perhaps the address of an archive. Without an address
            the network is not used. Nothing named: the archive alone.
        archive_url: The archive, a mirror, or a folder; one in the archive's own layout is copied from like
            the archive, one in another layout is used where it lies.
        monthly: When days are taken out of months' files.

    Returns:
        The archive, if one may be asked, and the trees that are looked into before it.

    Raises:
        ConfigInvalid: A folder that is not there, an address before a folder, or two addresses.
    """
    if not named:
        folder = folder_of(archive_url)
        if folder is None or any((folder / name).is_dir() for name in _ARCHIVE_FOLDERS):
            return BinanceArchive(Archive(archive_url), monthly), ()
        return None, (LocalTree(folder, monthly=monthly),)
    folders = [folder_of(name, "PHOENIX_SOURCES") for name in named]
    if None in folders[:-1]:
        raise ConfigInvalid(
            f"PHOENIX_SOURCES is {','.join(named)!r}: expected folders first and at most one address behind them, "
            "since what is here is not fetched. Put the address last."
        )
    archive = BinanceArchive(Archive(named[-1]), monthly) if folders[-1] is None else None
    return archive, tuple(LocalTree(folder, monthly=monthly) for folder in folders if folder is not None)
