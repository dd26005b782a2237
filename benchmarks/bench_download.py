"""Downloads: requests in flight over a slow line, and bytes per second of a large file against `curl`.

    python benchmarks/bench_download.py --days 200 --megabytes 400

The server is a process of its own on 127.0.0.1. For small files it answers 30 ms after it was asked, and
counts how many it is answering at once; the backfill is Dagster's own run of a raw asset over a range. A
large file comes without delay; curl writes the same file to the same disk, hashing and flushing nothing.
"""

import argparse
import hashlib
import json
import logging
import multiprocessing
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import dagster as dg
from workload import LISTING, alternating, end

from phoenix_core.datasets import AGG_TRADES, METRICS
from phoenix_core.market import day_start_ns, days_between
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.storage.digests import sha256_of

FIRST = date(2023, 1, 1)


def serve(root: str, latency: float, told: Connection) -> None:
    """Answer from a folder, until the process is ended; `/in-flight` says what was seen since it was last asked."""
    guard = threading.Lock()
    seen: list[int] = []
    current = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            nonlocal current
            if self.path == "/in-flight":
                with guard:
                    body = json.dumps(seen).encode()
                    seen.clear()
                return self._answer(body)
            with guard:
                current += 1
                seen.append(current)
            try:
                time.sleep(latency)
                path = Path(root) / self.path.lstrip("/")
                self.send_response(200)
                self.send_header("Content-Length", str(path.stat().st_size))
                self.end_headers()
                with path.open("rb") as file:
                    self.connection.sendfile(file)
            finally:
                with guard:
                    current -= 1
            return None

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.send(server.server_port)
    server.serve_forever()


@contextmanager
def serving(root: Path, latency: float):  # noqa: ANN201 - a context of a URL
    """A server in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(str(root), latency, there))
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.kill()  # importing Dagster leads SIGTERM to SIGINT, which a shell's background jobs ignore
        process.join()


def small_files(root: Path, days: list[date]) -> None:
    """A zip of a few kilobytes for each day, and its checksum."""
    import zipfile  # noqa: PLC0415 - here alone

    for day in days:
        path = root / key_of_day(METRICS, LISTING, day).path
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(path.with_suffix(".csv").name, f"{day}\n" * 500)
        Path(f"{path}.CHECKSUM").write_text(f"{sha256_of(path)}  {path.name}\n")


def backfill(root: Path, days: list[date], latency: float, **chosen: int) -> dict[str, float]:
    """Materialize a raw asset over all days in one run, and ask the server what it saw."""
    import requests  # noqa: PLC0415 - here alone

    from phoenix_dagster.code_location import definitions  # noqa: PLC0415 - brings Dagster's assets
    from phoenix_dagster.settings import Settings  # noqa: PLC0415 - as above

    with serving(root / "archive", latency) as url, dg.instance_for_test() as instance:
        settings = Settings(
            data=root / "data", archive_url=url, symbols=(LISTING,), start=FIRST, days_per_run="all", **chosen
        )
        defs = definitions(settings)
        tags = {"dagster/asset_partition_range_start": str(days[0]), "dagster/asset_partition_range_end": str(days[-1])}
        job = defs.resolve_implicit_global_asset_job_def()
        started = time.perf_counter()
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        done = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["um", "btcusdt", "metrics"])], tags=tags, run_config=quiet
        )
        seconds = time.perf_counter() - started
        assert done.success
        seen = requests.get(f"{url}/in-flight", timeout=10).json()
    middle = sorted(seen)[len(seen) // 2]
    ideal = 2 * len(days) * latency / settings.downloads
    return {
        "small_files": len(days), "requests": len(seen), "in_flight_median": middle, "in_flight_most": max(seen),
        "small_files_seconds": seconds, "small_files_seconds_of_latency_alone": ideal,
    }  # fmt: skip


def large_file(root: Path, megabytes: int, rounds: int) -> dict[str, float]:
    """Stream one file by our client, with its digest, and by curl, in turns."""
    key = key_of_day(AGG_TRADES, LISTING, FIRST)
    path = root / "archive" / key.path
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for number in range(megabytes):
            block = (b"PK\x03\x04" + day_start_ns(FIRST + timedelta(number % 900)).to_bytes(8) * 131_072)[: 1 << 20]
            digest.update(block)
            file.write(block)
    expected = digest.hexdigest()
    with serving(root / "archive", 0.0) as url:
        archive = Archive(url)

        def ours() -> None:
            fetched = archive.download(key, root / "ours.zip", expected=expected, max_bytes=1 << 40)
            assert fetched is not None
            assert fetched.verified

        def curl() -> None:
            subprocess.run(["curl", "-s", "-f", "-o", root / "curl.zip", f"{url}/{key.path}"], check=True)

        costs = alternating({"ours": ours, "curl": curl}, rounds)
    return {
        "large_mb": megabytes,
        "ours_mb_per_s": megabytes / costs["ours"].wall,
        "curl_mb_per_s": megabytes / costs["curl"].wall,
        "ours_vs_curl": costs["curl"].wall / costs["ours"].wall,
    }


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=200)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--latency-ms", type=float, default=30.0)
    parser.add_argument("--downloads", type=int, help="PHOENIX_DOWNLOADS (default: its default)")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    assert shutil.which("curl"), "curl is the baseline: install it"
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        days = list(days_between(FIRST, FIRST + timedelta(chosen.days - 1)))
        small_files(root / "archive", days)
        limit = {"downloads": chosen.downloads} if chosen.downloads else {}
        figures = backfill(root, days, chosen.latency_ms / 1000, **limit)
        figures |= large_file(root, chosen.megabytes, chosen.rounds)
    for name, value in figures.items():
        print(f"{name:<40}{value:12,.2f}")
    end(figures)


if __name__ == "__main__":
    main()
