"""Garbage in: mutated zips, CSVs, checksums, settings and keys. Each is read, counted, or refused with our own error."""

import random
from collections import Counter
from datetime import date
from functools import partial
from pathlib import Path

from fakes.zips import UM, put
from pydantic import ValidationError

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.datasets import datasets_on
from phoenix_core.errors import PhoenixError
from phoenix_core.market import Listing, Market, day_from_text
from phoenix_core.sources.binance.checksums import sha256_from_sidecar
from phoenix_core.sources.binance.keys import key_from_path, key_of_day
from phoenix_core.tables.read import DayTable
from phoenix_dagster.settings import Settings

DAY = date(2024, 3, 30)
ROWS = {
    "agg_trades": "1,65000.1,0.003,1,1,1711756800014,true\n2,65000.2,0.5,2,3,1711756800020,false\n",
    "trades": "1,65000.1,0.003,195.0003,1711756800014,true\n",
    "book_ticker": "100,65000.10000000,2.00000000,65000.20000000,3.00000000,1711756800014,1711756800019\n",
    "metrics": "2024-03-30 00:05:00,BTCUSDT,80000.1,5200000000.1,1.2,1.1,1.3,0.9\n",
    "book_depth": "2024-03-30 00:00:05,-1,1500.00000000,97500000.00000000\n",
    "liquidation_snapshot": "1711756800014,SELL,LIMIT,IOC,0.014,64000.10,65000.10,FILLED,0.004,0.014\n",
    "klines_1m": "1711756800000,65000.1,65001.0,64999.0,65000.5,12.1,1711756859999,786506.0,90,6.0,390003.0,0\n",
    "mark_price_klines_1m": "1711756800000,65000.1,65001.0,64999.0,65000.5,0,1711756859999,0,60,0,0,0\n",
    "index_price_klines_1m": "1711756800000,65000.1,65001.0,64999.0,65000.5,0,1711756859999,0,60,0,0,0\n",
    "premium_index_klines_1m": "1711756800000,0.0001,0.0002,-0.0001,0.0001,0,1711756859999,0,12,0,0,0\n",
    "funding_rate": "1711756800002,8,0.00010000\n",
}
_SPICES = (
    b"nan", b"inf", b"-inf", b"1e400", b"1E-400", b"9" * 40, b"-0", b"", b'""', b'"', b",", b"\n", b"\r\n", b"\x00", b"\xff\xfe",
    b"\xef\xbb\xbf", b"0x10", b"1_000", "٣".encode(), b"1711756800014000", b"1711756800", b"true", b" ", b"\t", b"../", b"'", b";",
)  # fmt: skip


def mutated(content: bytes, chosen: random.Random) -> bytes:
    """Change some bytes: flip, cut, repeat, insert what is known to hurt."""
    data = bytearray(content)
    for _ in range(chosen.choice((1, 1, 2, 4, 9))):
        at = chosen.randrange(len(data) + 1)
        kind = chosen.randrange(5)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << chosen.randrange(8)
        elif kind == 1:
            del data[at : at + chosen.randrange(1, 20)]
        elif kind == 2:
            data[at:at] = data[at : at + chosen.randrange(1, 60)]
        elif kind == 3:
            spice = chosen.choice(_SPICES)
            data[at : at + chosen.choice((0, 0, len(spice)))] = spice
        else:
            cell = [n for n, byte in enumerate(data) if byte == 44]
            if len(cell) > 1:
                first = chosen.randrange(len(cell) - 1)
                data[cell[first] + 1 : cell[first + 1]] = chosen.choice(_SPICES)
    return bytes(data)


def csvs(root: Path, inputs: int, chosen: random.Random) -> Counter:
    """CSVs of every dataset in sound zips, through the reader: rows add up, or one of our errors says why."""
    told: Counter = Counter()
    datasets = [dataset for dataset in datasets_on(Market.UM) if dataset.name in ROWS]
    for number in range(inputs):
        dataset = datasets[number % len(datasets)]
        key = key_of_day(dataset, UM, DAY)
        header = ",".join(column.name for column in dataset.columns[Market.UM]) + "\n"
        body = mutated((ROWS[dataset.name] * chosen.randrange(1, 4)).encode(), chosen)
        # Mostly rows are damaged: a damaged header is drift and hides them.
        head = mutated(header.encode(), chosen) if chosen.random() < 0.1 else chosen.choice((header.encode(), b""))
        path = put(root, key, head + body)
        told[outcome_of(partial(read, path, key, dataset, root))] += 1
    return told


def zips(root: Path, inputs: int, chosen: random.Random) -> Counter:
    """Mutated zips through the reader."""
    dataset = next(dataset for dataset in datasets_on(Market.UM) if dataset.name == "agg_trades")
    key = key_of_day(dataset, UM, DAY)
    sound = put(root, key, ROWS["agg_trades"] * 50).read_bytes()
    path = root / key.path
    told: Counter = Counter()
    for _ in range(inputs):
        path.write_bytes(mutated(sound, chosen))
        told[outcome_of(lambda: read(path, key, dataset, root))] += 1
    return told


def read(path, key, dataset, root):
    table = DayTable(path, key, dataset, (DAY, DAY), root / "_staging")
    rows = table.frame().height
    assert table.counts.balanced(), table.counts
    assert rows == table.counts["kept"]


def checksums(root: Path, inputs: int, chosen: random.Random) -> Counter:
    """Sidecars."""
    told: Counter = Counter()
    sound = f"{'ab' * 32}  BTCUSDT-aggTrades-2024-03-30.zip\n".encode()
    for _ in range(inputs):
        text = mutated(sound, chosen).decode("utf-8", "replace")
        told[outcome_of(lambda text=text: sha256_from_sidecar(text, "BTCUSDT-aggTrades-2024-03-30.zip"))] += 1
    return told


def keys(root: Path, inputs: int, chosen: random.Random) -> Counter:
    """Paths of the archive, listings and days."""
    told: Counter = Counter()
    path = b"data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03-30.zip"
    for number in range(inputs):
        text = mutated((path, b"um:BTCUSDT", b"2024-03-30")[number % 3], chosen).decode("utf-8", "replace")
        call = (key_from_path, Listing.parse, day_from_text)[number % 3]
        told[outcome_of(lambda call=call, text=text: call(text))] += 1
    return told


def configurations(root: Path, inputs: int, chosen: random.Random) -> Counter:
    """Settings and experiments."""
    told: Counter = Counter()
    for number in range(inputs):
        name = chosen.choice(list(Settings.model_fields))
        value = mutated(chosen.choice((b"um:BTCUSDT", b"2024-01-01", b"all", b"7", b"1m,5m")), chosen).decode(
            "utf-8", "replace"
        )
        if number % 2:
            told[outcome_of(lambda name=name, value=value: Settings(**{name: value}))] += 1
        else:
            told[
                outcome_of(
                    lambda name=name, value=value: Experiment.parse(
                        listing="um:BTCUSDT", first="2024-01-01", last=value, venue={name: value}
                    )
                )
            ] += 1
    return told


def outcome_of(call) -> str:
    """What became of an input: "read", the name of our error, or what must never be: an error of another kind."""
    try:
        call()
    except PhoenixError as error:
        message = str(error)
        return f"{type(error).__name__}" if message and "\n" not in message.strip() else f"UNTOLD {message!r}"
    except ValidationError:
        return "ConfigInvalid"
    except BaseException as error:  # noqa: BLE001 - this is what is being looked for
        return f"UNTYPED {type(error).__name__}: {error}"
    return "read"


TARGETS = {"csv": csvs, "zip": zips, "checksum": checksums, "key": keys, "configuration": configurations}
