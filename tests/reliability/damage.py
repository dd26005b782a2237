"""Single bits flipped in what lies on the disk: noticed before NautilusTrader opens the file, or not at all?"""

import random
from collections import Counter
from pathlib import Path

from phoenix_core.catalog.store import catalog_asset, verified_file
from phoenix_core.catalog.verification import verify
from phoenix_core.errors import CatalogCorrupt
from phoenix_core.manifest import Manifest
from phoenix_core.raw.store import raw_asset
from phoenix_core.storage.lake import Lake
from reliability import stages


def flips(lake: Lake, count: int, seed: int) -> Counter:
    """Flip one bit at a time in zip, parquet and manifest entry of a day.

    Returns:
        Flips by kind of file, those that were noticed, and those that the doctor names.
    """
    chosen = random.Random(seed)
    told: Counter = Counter()
    dataset = stages.AGG_TRADES
    manifest = Manifest(lake)
    raw = manifest.find(raw_asset(dataset, stages.LISTING), stages.DAY)
    parquet = manifest.find(catalog_asset(dataset, stages.LISTING), stages.DAY)
    files = {
        "zip": lake.store.path(raw.file),
        "parquet": lake.store.path(parquet.file),
        "manifest": lake.store.path(Manifest.path(parquet.asset, parquet.day)),
    }
    for number in range(count):
        kind = list(files)[number % 3]
        path = files[kind]
        sound = path.read_bytes()
        at = chosen.randrange(len(sound))
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1 << chosen.randrange(8)]) + sound[at + 1 :])
        told[kind] += 1
        told[f"{kind} noticed"] += _is_noticed(lake, kind, raw, parquet)
        if number < 30:  # the doctor looks at everything, which takes its time
            told["for the doctor"] += 1
            told["named by the doctor"] += any(True for _ in verify(lake))
        path.write_bytes(sound)
    return told


def _is_noticed(lake: Lake, kind: str, raw, parquet) -> bool:
    """Whether reading is refused, or (a flip in a manifest's blank or note) what would be opened is untouched."""
    try:
        if kind == "zip":
            Manifest(lake).verify(raw)
        else:
            path = verified_file(lake, parquet.asset, stages.DAY)
            return kind == "manifest" and path == lake.store.path(parquet.file)
    except CatalogCorrupt:
        return True
    except Exception as error:  # noqa: BLE001 - InputMissing where "published" itself was hit, and nothing else
        return type(error).__name__ in {"InputMissing", "ConfigInvalid"}
    return False


def folder_of(root: Path) -> Lake:
    """A data folder with one day of everything up to signals."""
    stages.archive(root)
    lake = Lake.at(root / "lake")
    for stage in ("download", "conversion", "signals"):
        stages.WORK[stage](root, lake)
    return lake
