"""What decides the bytes of volume buckets and signals besides their sources: code, parameters, contract size."""

from phoenix_core.instruments.table import history
from phoenix_core.market import Listing
from phoenix_core.products import SIGNALS
from phoenix_core.recipes import code_digest, recipe
from phoenix_core.signals.parameters import SignalParameters

_DEFAULTS = SignalParameters()


def signals_recipe(listing: Listing, parameters: SignalParameters = _DEFAULTS) -> str:
    """Recipe of the buckets and the signals of a listing, which one class makes."""
    return recipe(
        code_digest(*SIGNALS.code),
        market=listing.market,
        reads=SIGNALS.reads(listing.market),
        contract_size=history(listing)[0].contract_size,
        parameters=parameters.model_dump(mode="json"),
    )
