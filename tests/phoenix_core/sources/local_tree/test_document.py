"""The document of an inventory, which is JSON."""

import json

from fakes.trees import extracted

from phoenix_core.sources.local_tree.document import document_of
from phoenix_core.sources.local_tree.inventory import take_inventory


def test_the_document_holds_what_was_found(real_files, tmp_path):
    """Counts, spans and previews; what is broken is named by its path below the folder."""
    folder = extracted(real_files, tmp_path / "mine")
    (folder / "spot_data" / "BTCUSDT-trades-2024-03-29.csv").write_bytes(b"")
    document = document_of(take_inventory(folder))
    assert json.loads(json.dumps(document)) == document
    depth = next(one for one in document["holdings"] if one["dataset"] == "book_depth")
    assert (depth["files"], depth["days"], depth["first"], depth["last"]) == (3, 3, "2023-10-16", "2026-09-30")
    assert depth["missing"]["days"] == "2023-10-17…2024-03-29, 2024-03-31…2026-09-29"
    assert depth["first_rows"][0] == "2023-10-16 00:00:13,-5,13230.00500000,351243054.56320000"
    assert document["broken"][0]["path"] == "spot_data/BTCUSDT-trades-2024-03-29.csv"
