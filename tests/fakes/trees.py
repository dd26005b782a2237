"""Folders of extracted files as people keep them, made from an archive."""

import gzip
import io
import zipfile
from collections.abc import Callable
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


def _without_header(content: bytes) -> bytes:
    return content.partition(b"\n")[2] if content[:1].isalpha() else content


def _with_quoted_header(content: bytes) -> bytes:
    header, end, rows = content.partition(b"\n")
    return b",".join(b'"%s"' % name for name in header.split(b",")) + end + rows if content[:1].isalpha() else content


def _packed_by_a_mac(name: str, content: bytes) -> bytes:
    """In a folder in the zip, beside what the Mac adds, and without the last line end."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("Downloads")
        archive.writestr(f"__MACOSX/Downloads/._{name}", b"\0\5\26\7")
        archive.writestr(f"Downloads/{name}", content.removesuffix(b"\n"))
    return packed.getvalue()


def _date_first(name: str) -> str:
    """BTCUSDT-aggTrades-2024-03-30.csv as 20240330_BTCUSDT_aggTrades (1).csv."""
    symbol, kind, date = name.removesuffix(".csv").split("-", 2)
    return f"{date.replace('-', '' if date.count('-') > 1 else '_')}_{symbol}_{kind} (1).csv"


def _named_by_folders(name: str) -> str:
    symbol, kind, date = name.split("-", 2)
    return f"{symbol}/{kind}/{date}" if kind[0].isdigit() else f"{kind}/{symbol}/{date}"


# How people keep a file: what its name and its bytes become.
WAYS: dict[str, Callable[[str, bytes], tuple[str, bytes]]] = {
    "gzipped": lambda name, content: (f"{name}.gz", gzip.compress(content, 1)),
    "without a header": lambda name, content: (name, _without_header(content)),
    "Windows line ends": lambda name, content: (name, content.replace(b"\n", b"\r\n")),
    "small letters and underscores": lambda name, content: (name.lower().replace("-", "_"), content),
    "capitals": lambda name, content: (f"{name.upper()}.GZ", gzip.compress(content, 1)),
    "words before the symbol": lambda name, content: (f"Copy of binance_um_{name}", content),
    "byte order mark": lambda name, content: (name, b"\xef\xbb\xbf" + content),
    "blank last lines": lambda name, content: (name, content.replace(b"\n", b"\r\n") + b"\r\n\r\n"),
    "packed by a Mac": lambda name, content: (name.replace(".csv", ".zip"), _packed_by_a_mac(name, content)),
    "date first": lambda name, content: (_date_first(name), content),
    "quoted header": lambda name, content: (name, _with_quoted_header(content)),
    "named by folders": lambda name, content: (_named_by_folders(name), content),
}


def mangled(name: str, content: bytes, folder: Path, way: str) -> Path:
    """Put a file below a folder as people keep it."""
    changed, bytes_ = WAYS[way](name, content)
    path = folder / changed
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes_)
    return path
