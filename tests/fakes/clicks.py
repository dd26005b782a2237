"""What a user clicks to materialize days, in a real browser."""

import time

from phoenix_dagster.operation.backfill import RunningDagster

BACKFILLS = """query { partitionBackfillsOrError(limit: 1) { ... on PartitionBackfills { results { id status
  assetBackfillData { assetBackfillStatuses { ... on AssetPartitionsStatusCounts {
    assetKey { path } numPartitionsTargeted numPartitionsFailed } } } } } } }"""
LATEST = "query { partitionBackfillsOrError(limit: 1) { ... on PartitionBackfills { results { id status } } } }"
ENDED = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"}


def latest(dagster):
    """The last backfill, in a word."""
    return next(iter(dagster.ask(LATEST)["partitionBackfillsOrError"]["results"]), {"id": "", "status": ""})


def materialize_all(page, url, first, last):
    """Click as a user does; give (status, targeted and failed partitions by name, reasons by asset and day)."""
    dagster = RunningDagster(url)
    before = latest(dagster)["id"]
    page.goto(f"{url}/asset-groups", wait_until="domcontentloaded")
    page.get_by_text("Materialize all").first.click(timeout=60_000)
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Show all partitions").first.click(timeout=30_000)
    box = dialog.get_by_role("textbox").first
    box.fill(f"[{first}...{last}]", timeout=30_000)
    box.press("Enter")
    dialog.get_by_text("Launch backfill").first.click(timeout=30_000)
    deadline = time.monotonic() + 400
    while (found := latest(dagster))["id"] == before or found["status"] not in ENDED:
        assert time.monotonic() < deadline, found
        if found["id"] != before and page.url != "about:blank":
            page.goto("about:blank")  # an open page asks for all of it again and again
        time.sleep(2)
    found = dagster.ask(BACKFILLS)["partitionBackfillsOrError"]["results"][0]
    counts = {
        "/".join(status["assetKey"]["path"]): (status["numPartitionsTargeted"], status["numPartitionsFailed"])
        for status in found["assetBackfillData"]["assetBackfillStatuses"]
        if "numPartitionsTargeted" in status
    }
    reasons = dagster.outcome(found["id"], list(counts)).failed
    return found["status"], {asset.rpartition("/")[2]: count for asset, count in counts.items()}, reasons
