"""Experiments that are to be run, written down: whoever runs one, on any host, needs nothing but its key.

A variant is an experiment over a range, `<experiment>@<first>_<last>`; its description is a small file below
`variants/` that never changes, since the key follows from it. What it gives is an ordinary result.
"""

import json
from collections.abc import Sequence

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import CatalogCorrupt, ConfigInvalid, InputMissing
from phoenix_core.market import Listing
from phoenix_core.storage.digests import canonical_json
from phoenix_core.storage.lake import Lake


def key_of_variant(experiment: Experiment) -> str:
    """Key of an experiment over its range.

    >>> from datetime import date
    >>> day = date(2024, 3, 24)
    >>> key_of_variant(Experiment(listing="um:BTCUSDT", first=day, last=day)).partition("@")[2]
    '2024-03-24_2024-03-24'
    """
    return f"{experiment.name}@{experiment.first}_{experiment.last}"


def describe_variants(lake: Lake, experiments: Sequence[Experiment]) -> list[str]:
    """Write down experiments that are to be run, and give their keys; what is there already stays as it is."""
    for one in experiments:
        lake.put_if_absent(_place(Listing.parse(one.listing), key_of_variant(one)), canonical_json(_described(one)))
    return [key_of_variant(one) for one in experiments]


def variant(lake: Lake, listing: Listing, key: str) -> Experiment:
    """The experiment of a key.

    Raises:
        InputMissing: Nobody has described it.
        CatalogCorrupt: Its file can't be read.
        ConfigInvalid: This release has other parameters, and runs another experiment from the same words, or none.
    """
    place = _place(listing, key)
    try:
        described = json.loads(lake.read(place))
        experiment = Experiment.parse(**described)
    except FileNotFoundError:
        raise InputMissing(
            f"No variant {key[:60]!r} of {listing} is described in {lake.address(place)}: expected one that a sweep "
            "has written. Sweep again, or delete this partition."
        ) from None
    except (ValueError, TypeError) as error:
        raise CatalogCorrupt(
            f"The variant {lake.address(place)} can't be read ({type(error).__name__}: {error}): delete it, then sweep "
            "again."
        ) from error
    if key_of_variant(experiment) != key:
        raise ConfigInvalid(
            f"The variant {key} of {listing} is {key_of_variant(experiment)} in this release, whose parameters are "
            "others: sweep again, and delete this partition."
        )
    return experiment


def _described(experiment: Experiment) -> dict[str, object]:
    return experiment.model_dump(mode="json")


def _place(listing: Listing, key: str) -> str:
    return f"variants/{listing.path}/{key}.json"
