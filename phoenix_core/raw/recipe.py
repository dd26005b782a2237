"""What decides the bytes of a raw day: only where it lies, since they are the publisher's."""

from phoenix_core.datasets import Dataset
from phoenix_core.market import Listing
from phoenix_core.products import raw_product
from phoenix_core.recipes import code_digest, recipe


def raw_recipe(dataset: Dataset, listing: Listing) -> str:
    """Recipe of the raw days of a dataset: how its path in the archive is made."""
    return recipe(
        code_digest(*raw_product(dataset).code),
        listing=str(dataset.published_listing(listing)),
        folder=dataset.folder,
        published=dataset.published,
        interval=dataset.interval,
    )
