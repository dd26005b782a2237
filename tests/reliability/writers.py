"""Several processes on one partition at once, and one backtest in several processes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from phoenix_core.storage.lake import Lake
from reliability import stages
from reliability.kills import digests, ended, forked


def at_once(root: Path, lake: Path, writers: int, expected: dict[str, str]) -> int:
    """Run download to signals in so many processes at once; how many files are not the expected bytes."""

    def work() -> None:
        for stage in ("download", "conversion", "signals"):
            stages.WORK[stage](root, Lake.at(lake))

    children = [forked(work) for _ in range(writers)]
    failed = sum(ended(child) != 0 for child in children)
    found = digests(lake)
    wrong = sum(found.get(name) != digest for name, digest in expected.items())
    return failed + wrong + len(found.keys() - expected.keys())


def backtest_digests(root: Path, lake: Path, hash_seeds: list[str]) -> set[str]:
    """One backtest in a new process for each hash seed: the digests of what it published.

    That of seed 1 lives in another time zone, and where Debian's faketime is there, four years later.
    """
    script = (
        "import sys; from pathlib import Path; from reliability import stages, kills; from phoenix_core.storage.lake import Lake;"
        "lake = Path(sys.argv[2]); stages.backtest(Path(sys.argv[1]), Lake.at(lake));"
        "import hashlib, json; print(hashlib.sha256(json.dumps(kills.digests(lake / 'backtests')).encode()).hexdigest())"
    )
    tests = str(Path(__file__).parents[1])
    found = set()
    for seed in hash_seeds:
        environment = dict(os.environ) | {
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": tests,
            "TZ": "Asia/Tokyo" if seed == "1" else "UTC",
        }
        later = ["faketime", "-f", "+1500d"] if seed == "1" and shutil.which("faketime") else []
        command = [*later, sys.executable, "-c", script, str(root), str(lake)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
        found.add(done.stdout.split()[-1])
    return found
