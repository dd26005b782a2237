"""What a result became when its data did: written down by whoever publishes it anew, so that no change goes unseen.

A publisher replaces days in place. Results over them are made anew, by a run, a sweep or `phoenix revise`; each of
these leaves a small file below `revisions/` that holds the figures before and after.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from phoenix_core.errors import CatalogCorrupt
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.storage.digests import canonical_json
from phoenix_core.storage.lake import Lake


@dataclass(frozen=True, slots=True)
class Figures:
    """What a result came to.

    Attributes:
        identity: Of the result.
        net: Sum of the parts of its PnL, exact, as text.
        fees: Likewise.
        fills: How many.
        orders: How many.
    """

    identity: str
    net: str
    fees: str
    fills: int
    orders: int


@dataclass(frozen=True, slots=True)
class Revision:
    """A result before and after its data changed.

    Attributes:
        asset: Of the result.
        span: Its day, or `first_last`.
        experiment: Its name.
        inputs: Those whose data version is another, `asset@day`, in order.
        is_of_other_code: Code, instrument or strategy changed as well, so that not all of it is the data's doing.
        before: Figures over the former data.
        after: Figures over those of now.
    """

    asset: str
    span: str
    experiment: str
    inputs: tuple[str, ...]
    is_of_other_code: bool
    before: Figures
    after: Figures


def note_revision(lake: Lake, entry: Entry, after: Mapping[str, Any]) -> None:
    """Write down what becomes of a result whose inputs are others than those of the one it takes the place of.

    Args:
        lake: The data folder.
        entry: Entry of the new one. Neither it nor its document is published yet, so that the former can be read.
        after: Document of the new one.
    """
    former, before = _former(lake, entry)
    if former is None or before is None or dict(former.sources) == dict(entry.sources):
        return
    revision = Revision(
        asset=entry.asset,
        span=entry.day,
        experiment=entry.variant,
        inputs=tuple(changed(former.sources, entry.sources)),
        is_of_other_code=former.recipe != entry.recipe,
        before=_figures(before, former),
        after=_figures(after, entry),
    )
    names = f"{revision.before.identity[:12]}-{revision.after.identity[:12]}"
    place = f"revisions/{entry.asset}@{entry.variant}@{entry.day}@{names}.json"
    lake.write(place, canonical_json(asdict(revision)))


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Names of inputs that are others, or in one of both alone.

    >>> changed({"a": "1", "b": "1"}, {"a": "2", "c": "1"})
    ['a', 'b', 'c']
    """
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def revisions(lake: Lake, listing: Listing) -> Iterator[Revision]:
    """Every revision of results of a listing, by name of its result.

    Raises:
        CatalogCorrupt: One of them can't be read.
    """
    for place in lake.names(f"revisions/{listing.path}"):
        try:
            told = json.loads(lake.read(place))
            before, after = (Figures(**told.pop(end)) for end in ("before", "after"))
            inputs = tuple(told.pop("inputs"))
            yield Revision(**told, inputs=inputs, before=before, after=after)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CatalogCorrupt(
                f"The revision {lake.address(place)} can't be read ({type(error).__name__}: {error}). Delete it: what "
                "the result was before is then not known."
            ) from error


def _figures(document: Mapping[str, Any], entry: Entry) -> Figures:
    parts = document["parts"]
    return Figures(document["identity"], parts["net"], parts["fees"], entry.rows, sum(document["orders"].values()))


def _former(lake: Lake, entry: Entry) -> tuple[Entry | None, Mapping[str, Any] | None]:
    """Entry and document of the result that is about to be replaced; None where there is none that can be read."""
    try:
        former = Manifest(lake).find(*entry.key)
        if former is None or not former.published:
            return None, None
        document: Mapping[str, Any] = json.loads(lake.fetch(former.file, former.sha256).read_bytes())
    except CatalogCorrupt:
        return None, None
    return former, document
