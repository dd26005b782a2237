"""Hundreds of symbols: how soon a code location is described, the webserver is up, and the asset graph is answered.

    python benchmarks/bench_symbols.py --symbols 300
    python benchmarks/bench_symbols.py --symbols 30 --each 10

Nothing is materialized. The baseline is all symbols in one location. It listens on 127.0.0.1 alone.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from workload import end

_WORKSPACE = "query { workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"
# What the page of the global asset graph asks first.
_GRAPH = "query { assetNodes { id assetKey { path } groupName dependencyKeys { path } isPartitioned } }"
_DESCRIBED = """
import sys, time
before = time.process_time()
import importlib
module, _, name = sys.argv[1].partition(":")
defs = getattr(importlib.import_module(module), name)
made = time.process_time()
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value
text = serialize_value(RepositorySnap.from_def(defs.get_repository_def(), defer_snapshots=True))
print(made - before, time.process_time() - made, len(text) / 1e6)
"""


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--symbols", type=int, default=300)
    options.add_argument("--each", type=int, default=100, help="Symbols of a code location.")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "symbols.txt").write_text("".join(f"um:S{number:04d}USDT\n" for number in range(chosen.symbols)))
        shutil.copy(Path(__file__).parents[1] / "dagster.yaml", home)
        environment = os.environ | {  # noqa: TID251 - what a user's shell would give
            "DAGSTER_HOME": folder,
            "PHOENIX_SYMBOLS": "@symbols.txt",
            "PHOENIX_REPORTS_PORT": "0",
            "PHOENIX_SYMBOLS_PER_LOCATION": str(chosen.each),
        }
        seconds = {}
        for name in ("phoenix_dagster.definitions:defs", "phoenix_dagster.locations:symbols_1"):
            command = [sys.executable, "-c", _DESCRIBED, name]
            made, described, megabytes = map(float, _output(command, home, environment).split())
            print(f"{name}: made in {made:.1f} CPU s, described in {described:.1f} CPU s, {megabytes:.1f} MB")
            seconds[name] = made + described
        (home / "workspace.yaml").write_text(
            _output([sys.executable, "-m", "phoenix_dagster.cli", "workspace"], home, environment)
        )
        first, second = _serve(home, environment)
    whole, bounded = seconds.values()
    end(
        {
            "location_s": bounded,
            "whole_vs_location": whole / bounded,
            "first_answer_s": first,
            "second_answer_s": second,
        }
    )


def _output(command: list[str], home: Path, environment: dict[str, str]) -> str:
    return subprocess.run(command, cwd=home, env=environment, check=True, capture_output=True, text=True).stdout


def _serve(home: Path, environment: dict[str, str]) -> list[float]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    begun = time.perf_counter()
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        found = _awaited(lambda: _asked(port, _WORKSPACE)["workspaceOrError"]["locationEntries"])
        print(f"webserver answers after {time.perf_counter() - begun:.1f} s")
        found = _awaited(lambda: _loaded(port))
        print(f"{len(found)} code locations loaded after {time.perf_counter() - begun:.1f} s")
        answered = []
        for which in ("first", "second"):
            before = time.perf_counter()
            nodes = _asked(port, _GRAPH)["assetNodes"]
            answered.append(time.perf_counter() - before)
            print(f"{which} answer of the asset graph, {len(nodes)} assets: {answered[-1]:.1f} s")
        for line in _cpu_seconds(process.pid):
            print(line)
        return answered
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _cpu_seconds(group: int) -> list[str]:
    """A line for each process of a group: CPU seconds and what it is."""
    found = subprocess.run(
        ["ps", "-o", "pgid=,cputimes=,args=", "-e"], check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split(maxsplit=2) for line in found.splitlines()]
    return [f"{seconds} CPU s: {what[:110]}" for owner, seconds, what in rows if owner == str(group)]


def _loaded(port: int) -> list[Any]:
    entries: list[Any] = _asked(port, _WORKSPACE)["workspaceOrError"]["locationEntries"]
    return entries if all(entry["loadStatus"] == "LOADED" for entry in entries) else []


def _asked(port: int, query: str) -> Any:  # noqa: ANN401 - JSON
    answer = requests.post(f"http://127.0.0.1:{port}/graphql", json={"query": query}, timeout=300)
    answer.raise_for_status()
    return answer.json()["data"]


def _awaited(look: Callable[[], list[Any]], patience_seconds: float = 600) -> list[Any]:
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except requests.ConnectionError:
            pass  # not up yet
        time.sleep(0.2)
    raise TimeoutError("the webserver never came up")


if __name__ == "__main__":
    main()
