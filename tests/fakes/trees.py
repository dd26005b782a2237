"""Folders of extracted files as people keep them, made from an archive."""

import zipfile
from pathlib import Path

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Market
from phoenix_core.sources.binance.keys import key_from_path


def extracted(archive: Path, folder: Path) -> Path:
    """Lay out an archive's zips as plain CSVs, in spot_data/daily/klines, future_data/monthly_data/fundingRate and so on."""
    for zipped in sorted(archive.rglob("*.zip")):
        try:
            key = key_from_path(str(zipped.relative_to(archive)))
        except ConfigInvalid:
            continue
        is_spot = key.listing.market is Market.SPOT
        top = Path("spot_data") / key.published if is_spot else Path("future_data") / f"{key.published}_data"
        place = folder / top / key.folder
        place.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(zipped) as opened:
            (place / key.member).write_bytes(opened.read(key.member))
    return folder
