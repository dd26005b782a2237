"""A published result recomputed: its signals from raw files, its ledger from its fills, its fills from its requests.

Each check stands in a module of its own. None of them shares code with the strategy, the exchange or the ledger; the
second implementation of the fill rule shares none with any module (import-linter holds both).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing
from phoenix_core.report.folder import document_in, table_in
from phoenix_core.storage.lake import Lake
from phoenix_core.verification import books, fills, signals
from phoenix_core.verification.difference import Check
from phoenix_core.verification.fills import Tables


def verified(lake: Lake, location: str, chosen: Sequence[str]) -> list[Check]:
    """Recompute what was chosen (`signals`, `ledger`, `fills`) of a published result.

    Args:
        lake: The data folder.
        location: Folder of the result below it, or its full path.
        chosen: Names of checks; none: all of them.

    Raises:
        InputMissing: There is no result, or a raw file that it was made from is gone.
        CatalogCorrupt: A table or a raw file is not what was published.
    """
    document = document_in(lake, location)
    read = {
        name: table_in(lake, location, name, document)
        for name in ("fills", "positions", "ledger", "orders")
        if f"{name}.parquet" in document["files"]
    }
    result = Tables(document, read["fills"], read["positions"], read["ledger"], read.get("orders"))
    return [check(lake, result) for name, check in CHECKS.items() if name in (chosen or CHECKS)]


def _signals(lake: Lake, result: Tables) -> Check:
    listing = Listing.parse(result.document["experiment"]["listing"])
    days = [date.fromisoformat(day) for day in result.document["days"]]
    return signals.check_signals(lake, listing, days, result.document["inputs"])


def _ledger(_lake: Lake, result: Tables) -> Check:
    experiment = result.document["experiment"]
    traded = specification(Listing.parse(experiment["listing"]), date.fromisoformat(experiment["first"]))
    contract = traded.contract_size if traded.is_inverse else None
    return books.check_ledger(result.document, result.fills, result.ledger, result.round_trips, contract)


CHECKS: Mapping[str, Callable[[Lake, Tables], Check]] = {
    signals.NAME: _signals,
    books.NAME: _ledger,
    fills.NAME: fills.check_fills,
}
