"""Which experiment a recorded result came from, so that a damaged one can be made again.

Nothing is run here. An entry holds its experiment whole, apart from the file that may be damaged; where
the entry itself is gone, a description counts only if it hashes to the folder that it lies in.
"""

import json
from pathlib import PurePath

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import CatalogCorrupt, ConfigInvalid
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.storage.lake import Lake


def experiment_of(lake: Lake, key: Key) -> Experiment | None:
    """The experiment of a result, or of a report on one; None where nothing trustworthy tells.

    Args:
        lake: The data folder.
        key: Of an entry of a backtest or a report, readable or not.
    """
    entry = _entry(lake, key)
    try:
        if entry is not None and isinstance(entry.facts.get("experiment"), dict):
            return Experiment.parse(**entry.facts["experiment"])
        folder = PurePath(entry.file).parent if entry and entry.file else PurePath("backtests", key.variant, key.day)
        document = json.loads(lake.read(f"{folder}/experiment.json"))
        experiment = Experiment.parse(**document["experiment"])
    except (OSError, ValueError, TypeError, KeyError, ConfigInvalid):
        return None
    return experiment if experiment.name == folder.parent.name else None


def _entry(lake: Lake, key: Key) -> Entry | None:
    try:
        return Manifest(lake).find(*key)
    except CatalogCorrupt:
        return None
