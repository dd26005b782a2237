"""Runs the coverage-guided fuzzer, which lives in processes of its own."""

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
TARGETS = ("csv", "zip", "checksum", "key", "configuration")


@dataclass(frozen=True)
class Fuzzed:
    """What libFuzzer said at the end: inputs tried, branches reached, and the outcome that must never be, if any."""

    inputs: int
    branches: int
    found: str


def fuzzed(target: str, inputs: int, seed: int) -> Fuzzed:
    """Fuzz a target in a process of its own."""
    with tempfile.TemporaryDirectory() as crashes:
        options = [f"-runs={inputs}", f"-seed={seed}", f"-artifact_prefix={crashes}/"]
        command = [sys.executable, "-W", "ignore", "-m", "reliability.fuzz", target, *options]
        done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, errors="replace", check=False)
    said = done.stderr + done.stdout
    tried = re.findall(r"stat::number_of_executed_units: +(\d+)", said)
    branches = re.findall(r"cov: (\d+)", said)
    crash = "" if done.returncode == 0 else f"{said[-2000:]}"
    return Fuzzed(int(tried[-1]) if tried else 0, int(branches[-1]) if branches else 0, crash)
