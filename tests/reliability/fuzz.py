"""Coverage-guided fuzzing by libFuzzer (atheris): one target a process, since it ends its process.

    cd tests && ../.venv/bin/python -m reliability.fuzz csv -runs=100000

Inputs that reach new branches of `phoenix_core` are kept and mutated further. It begins with sound inputs,
and what once went wrong lies in `reliability/corpus`. An outcome that must never be ends it with a crash
file; at the end libFuzzer prints how many branches (`cov`) were reached.
"""

import json
import sys
import tempfile
from datetime import date
from functools import partial
from pathlib import Path

import atheris

atheris.enabled_hooks.add("RegEx")
atheris.enabled_hooks.add("str")
with atheris.instrument_imports(include=["phoenix_core", "phoenix_dagster.settings", "pydantic"]):
    from phoenix_core.backtest.experiment import Experiment
    from phoenix_core.datasets import datasets_on
    from phoenix_core.market import Listing, Market, day_from_text
    from phoenix_core.sources.binance.checksums import sha256_from_sidecar
    from phoenix_core.sources.binance.keys import key_from_path, key_of_day
    from phoenix_core.tables import read as instrumented  # noqa: F401 - the reader, before `garbage` imports it
    from phoenix_dagster.settings import Settings

from fakes.zips import UM, put  # noqa: E402 - what is instrumented comes first

from reliability import garbage  # noqa: E402 - likewise

DAY = date(2024, 3, 30)
CORPUS = Path(__file__).parent / "corpus"
DATASETS = [dataset for dataset in datasets_on(Market.UM) if dataset.name in garbage.ROWS]
AGG_TRADES = next(dataset for dataset in DATASETS if dataset.name == "agg_trades")
SIDECAR = "BTCUSDT-aggTrades-2024-03-30.zip"


def csv(root: Path, data: bytes) -> str:
    """The first byte chooses the dataset, the others are its text in a sound zip."""
    dataset = DATASETS[data[0] % len(DATASETS)]
    key = key_of_day(dataset, UM, DAY)
    path = put(root, key, data[1:], sidecar=False)
    return garbage.outcome_of(partial(garbage.read, path, key, dataset, root))


def zipped(root: Path, data: bytes) -> str:
    """A zip of aggTrades."""
    key = key_of_day(AGG_TRADES, UM, DAY)
    path = root / key.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return garbage.outcome_of(partial(garbage.read, path, key, AGG_TRADES, root))


def checksum(root: Path, data: bytes) -> str:
    """A sidecar."""
    del root
    return garbage.outcome_of(partial(sha256_from_sidecar, data.decode("utf-8", "replace"), SIDECAR))


def key(root: Path, data: bytes) -> str:
    """A path of the archive, a listing or a day."""
    del root
    parse = (key_from_path, Listing.parse, day_from_text)[data[0] % 3]
    return garbage.outcome_of(partial(parse, data[1:].decode("utf-8", "replace")))


def configuration(root: Path, data: bytes) -> str:
    """Settings or an experiment from JSON."""
    del root
    try:
        values = json.loads(data[1:])
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(values, dict):
        return "no object"
    return garbage.outcome_of(partial(Settings if data[0] % 2 else Experiment.parse, **values))


TARGETS = {"csv": csv, "zip": zipped, "checksum": checksum, "key": key, "configuration": configuration}


def seeds(target: str, folder: Path) -> list[bytes]:
    """Sound inputs of a target."""
    if target == "csv":
        heads = [",".join(column.name for column in dataset.columns[Market.UM]) for dataset in DATASETS]
        rows = [garbage.ROWS[dataset.name] for dataset in DATASETS]
        return [
            bytes([number]) + start.encode() + row.encode()
            for number, (head, row) in enumerate(zip(heads, rows, strict=True))
            for start in ("", f"{head}\n")
        ]
    if target == "zip":
        return [
            put(folder, key_of_day(AGG_TRADES, UM, DAY), garbage.ROWS["agg_trades"] * n).read_bytes() for n in (1, 9)
        ]
    if target == "checksum":
        return [f"{'ab' * 32}  {SIDECAR}\n".encode()]
    if target == "key":
        paths = [key_of_day(dataset, UM, DAY).path for dataset in DATASETS]
        return [*(b"\x00" + path.encode() for path in paths), b"\x01um:BTCUSDT", b"\x02" + b"2024-03-30"]
    experiment = Experiment.parse(listing="um:BTCUSDT", first="2024-01-01", last="2024-01-02")
    settings = {"symbols": "um:BTCUSDT,spot:ETHUSDT", "start": "2024-01-01", "days_per_run": "all", "data": "data"}
    return [b"\x00" + experiment.model_dump_json().encode(), b"\x01" + json.dumps(settings).encode()]


def main() -> None:
    """Fuzz a target; what follows its name goes to libFuzzer."""
    target, *options = sys.argv[1:]
    folder = Path(tempfile.mkdtemp(prefix="phoenix-fuzz-"))
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds(target, folder / "seeds")):
        (corpus / f"seed-{number}").write_bytes(seed)

    def one_input(data: bytes) -> None:
        outcome = TARGETS[target](folder, data) if data else "empty"
        if outcome.startswith("UN"):
            raise AssertionError(outcome)

    known = [str(CORPUS / target)] if (CORPUS / target).is_dir() else []
    limits = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=4096", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *limits, *options, str(corpus), *known], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
