"""Hand-made files of the archive."""

import hashlib
import zipfile
from datetime import date
from pathlib import Path

from phoenix_core.datasets import Dataset
from phoenix_core.market import Listing
from phoenix_core.sources.binance.keys import ArchiveKey, key_of_day

UM = Listing.parse("um:BTCUSDT")
SPOT = Listing.parse("spot:BTCUSDT")
DAY = date(2024, 3, 30)
START_MS = 1_711_756_800_000  # 2024-03-30T00:00:00Z


def put(root: Path, key: ArchiveKey, text: str | bytes, *, sidecar: bool = True, member: str | None = None) -> Path:
    """Write a zip of one text below an archive's root."""
    path = root / key.path
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member or key.member, text)
    if sidecar:
        put_sidecar(path)
    return path


def put_sidecar(path: Path, digest: str | None = None) -> None:
    """Write the checksum of a zip, or a wrong one."""
    digest = digest or hashlib.sha256(path.read_bytes()).hexdigest()
    Path(f"{path}.CHECKSUM").write_text(f"{digest}  {path.name}\n")


def put_day(root: Path, dataset: Dataset, text: str | bytes, *, listing: Listing = UM, day: date = DAY) -> Path:
    """Write a day of a dataset below an archive's root."""
    return put(root, key_of_day(dataset, listing, day), text)


AGG_HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"


def agg_rows(*rows: tuple[int, str, str, int, str]) -> str:
    """Rows of um aggTrades: id, price, quantity, ms after midnight, is_buyer_maker."""
    return "".join(
        f"{number},{price},{quantity},{number * 2},{number * 2 + 1},{START_MS + ms},{maker}\n"
        for number, price, quantity, ms, maker in rows
    )
