"""A published zip to NautilusTrader's catalog: Phoenix against the seed's way, Nautilus's own, and the floor.

    python benchmarks/bench_ingest.py --rows 12000000
    python benchmarks/bench_ingest.py --rows 1200000 --dataset agg_trades
    python benchmarks/bench_ingest.py --curve 1000000,4000000,12000000,39000000

Days are synthetic. All but the last comparison runs on one core. Row-by-row baselines take a sample from
the head of the day, given by --sample, and are compared by rows per CPU second; the floor is inflating,
parsing and writing the same day, each alone.
"""

import argparse
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
from isal import isal_zlib
from workload import DAY, LISTING, alternating, child, end, forget, on_one_core, peak_mb, raw_day

from phoenix_core.catalog.store import catalog_asset, convert_day
from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, Dataset
from phoenix_core.manifest import Manifest
from phoenix_core.market import Market
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.storage import Lake
from phoenix_core.tables.read import csv_schema

DATASETS = {dataset.name: dataset for dataset in (BOOK_TICKER, AGG_TRADES)}
CHUNK = 8 << 20


def zip_of(lake: Lake, dataset: Dataset) -> Path:
    """Where the day's zip lies."""
    return lake.path(f"archive/{key_of_day(dataset, LISTING, DAY).path}")


def file_of(lake: Lake, dataset: Dataset) -> Path:
    """Where the day's catalog file lies."""
    return lake.path(Manifest(lake).find(catalog_asset(dataset, LISTING), DAY).file)


# -- the floor -----------------------------------------------------------------------------------


def inflate(path: Path) -> None:
    """Only inflate, with isal, as large a piece at a time as Phoenix does."""
    with zipfile.ZipFile(path) as archive:
        info = archive.infolist()[0]
    stream = isal_zlib.decompressobj(-15)
    with path.open("rb") as file:
        file.seek(26)
        header = file.read(4)
        file.seek(30 + int.from_bytes(header[:2], "little") + int.from_bytes(header[2:], "little"))
        left = info.compress_size
        while left and (raw := file.read(min(left, CHUNK // 4))):
            left -= len(raw)
            stream.decompress(raw)


def blocks_of(path: Path) -> list[bytes]:
    """The day's CSV in blocks of whole lines, header off."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0])
    blocks, start = [], text.index(b"\n") + 1
    while start < len(text):
        stop = text.rfind(b"\n", start, start + CHUNK) + 1
        blocks.append(text[start:stop])
        start = stop
    return blocks


def parse(blocks: list[bytes], schema: dict[str, object]) -> None:
    """Only parse, with Polars, into the types that the catalog needs."""
    for block in blocks:
        pl.read_csv(block, has_header=False, schema=schema)


def write(batches: list, target: Path, options: dict[str, object]) -> None:
    """Only write the same columns, in the same encodings."""
    with pq.ParquetWriter(target, batches[0].schema, **options) as writer:
        for batch in batches:
            writer.write_batch(batch, row_group_size=131_072)


# -- row by row ----------------------------------------------------------------------------------


def head_csv(path: Path, rows: int, target: Path) -> Path:
    """The first rows of a day as a CSV."""
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as member, target.open("wb") as out:
        out.writelines(line for _, line in zip(range(rows + 1), member, strict=False))
    return target


def seed(csv: Path, folder: Path, kind: str) -> None:
    """The way of the user's first scripts: an object a row, prices through text."""
    from nautilus_trader.model.data import QuoteTick, TradeTick  # noqa: PLC0415
    from nautilus_trader.model.enums import AggressorSide  # noqa: PLC0415
    from nautilus_trader.model.identifiers import InstrumentId, TradeId  # noqa: PLC0415
    from nautilus_trader.model.objects import Price, Quantity  # noqa: PLC0415
    from nautilus_trader.persistence.catalog import ParquetDataCatalog  # noqa: PLC0415

    name = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
    ticks: list = []
    for row in pd.read_csv(csv).itertuples():
        if kind == "book_ticker":
            ts = int(row.event_time) * 1_000_000
            ticks.append(
                QuoteTick(
                    instrument_id=name,
                    bid_price=Price.from_str(f"{row.best_bid_price:.2f}"),
                    ask_price=Price.from_str(f"{row.best_ask_price:.2f}"),
                    bid_size=Quantity.from_str(f"{row.best_bid_qty:.3f}"),
                    ask_size=Quantity.from_str(f"{row.best_ask_qty:.3f}"),
                    ts_event=ts,
                    ts_init=ts,
                )
            )
        else:
            ts = int(row.transact_time) * 1_000_000
            ticks.append(
                TradeTick(
                    instrument_id=name,
                    price=Price.from_str(f"{row.price:.2f}"),
                    size=Quantity.from_str(f"{row.quantity:.3f}"),
                    aggressor_side=AggressorSide.SELLER if row.is_buyer_maker else AggressorSide.BUYER,
                    trade_id=TradeId(str(row.agg_trade_id)),
                    ts_event=ts,
                    ts_init=ts,
                )
            )
    ticks.sort(key=lambda tick: tick.ts_init)
    ParquetDataCatalog(str(folder)).write_data(ticks)


def wrangled(csv: Path, kind: str) -> pd.DataFrame:
    """The frame that Nautilus's wranglers ask for."""
    frame = pd.read_csv(csv)
    time_column = "event_time" if kind == "book_ticker" else "transact_time"
    frame.index = pd.to_datetime(frame[time_column], unit="ms", utc=True)
    if kind == "book_ticker":
        names = {"best_bid_price": "bid_price", "best_ask_price": "ask_price"}
        names |= {"best_bid_qty": "bid_size", "best_ask_qty": "ask_size"}
        return frame.rename(columns=names)[list(names.values())]
    frame = frame.rename(columns={"agg_trade_id": "trade_id"})
    return frame[["price", "quantity", "trade_id", "is_buyer_maker"]].rename(columns={"is_buyer_maker": "buyer_maker"})


def nautilus(csv: Path, folder: Path, kind: str, instrument: object) -> None:
    """Nautilus's own way: wrangler, then its catalog's write_data."""
    from nautilus_trader.persistence import wranglers  # noqa: PLC0415
    from nautilus_trader.persistence.catalog import ParquetDataCatalog  # noqa: PLC0415

    wrangler = wranglers.QuoteTickDataWrangler if kind == "book_ticker" else wranglers.TradeTickDataWrangler
    ticks = wrangler(instrument).process(wrangled(csv, kind))
    ParquetDataCatalog(str(folder)).write_data(ticks)


def nautilus_v2(csv: Path, kind: str) -> None:
    """Nautilus's second wrangler; its objects only, since 1.231's write_data refuses them."""
    from nautilus_trader.persistence import wranglers_v2  # noqa: PLC0415

    frame = wrangled(csv, kind)
    if kind == "book_ticker":
        wrangler = wranglers_v2.QuoteTickDataWranglerV2("BTCUSDT-PERP.BINANCE", 2, 3)
        frame["timestamp"] = frame.index
    else:
        wrangler = wranglers_v2.TradeTickDataWranglerV2("BTCUSDT-PERP.BINANCE", 2, 3)
        frame = frame.assign(timestamp=frame.index, size=frame.pop("quantity"))
        frame["side"] = frame.pop("buyer_maker")
        frame = frame.rename(columns={"size": "quantity", "side": "buyer_maker"})
    wrangler.from_pandas(frame.reset_index(drop=True))


# -- commands ------------------------------------------------------------------------------------


def convert_once(folder: Path, name: str) -> None:
    """Convert in this process and print what it cost: the child of the commands below."""
    lake, dataset = Lake.at(folder), DATASETS[name]
    forget(lake, dataset)
    cpu, wall = time.process_time(), time.perf_counter()
    entry = convert_day(lake, dataset, LISTING, DAY)
    figures = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps({"rows": entry.rows, "peak_mb": peak_mb(), **figures}))


def curve(root: Path, sizes: list[int], name: str) -> None:
    """Peak memory over the size of the day."""
    points = []
    for size in sizes:
        lake = raw_day(root, DATASETS[name], size)
        one = child(__file__, ["--child", str(lake.root), "--dataset", name], cores=2)
        zipped, written = zip_of(lake, DATASETS[name]).stat().st_size, file_of(lake, DATASETS[name]).stat().st_size
        print(
            f"{one['rows']:>12,} rows  peak {one['peak_mb']:>5} MB  {one['wall']:6.1f} s  "
            f"{one['rows'] / one['cpu'] / 1e6:.2f} M rows/CPU s  file / zip {written / zipped:.2f}",
            flush=True,
        )
        points.append({"rows": one["rows"], "peak_mb": one["peak_mb"], "file_to_zip": round(written / zipped, 3)})
        for path in lake.root.parent.rglob("*"):
            if path.is_file() and str(size) in str(path):
                path.unlink()
    end({"dataset": name, "curve": points})


def compare(root: Path, name: str, rows: int, sample: int, rounds: int) -> None:
    """Phoenix against its baselines, in turns."""
    dataset = DATASETS[name]
    on_one_core()
    lake = raw_day(root, dataset, rows)
    instrument_day = convert_day(lake, dataset, LISTING, DAY)
    path = zip_of(lake, dataset)
    blocks, schema = blocks_of(path), csv_schema(dataset.columns[Market.UM])
    table = pq.read_table(file_of(lake, dataset))
    csv = head_csv(path, sample, root / "head.csv")
    few = head_csv(path, sample // 5, root / "few.csv")

    from phoenix_core.catalog.instruments import instrument  # noqa: PLC0415
    from phoenix_core.catalog.store import encoding  # noqa: PLC0415
    from phoenix_core.instruments.table import specification  # noqa: PLC0415

    batches = table.to_batches(max_chunksize=131_072)
    traded = instrument(specification(LISTING, DAY))
    folders = (root / f"catalog-{number}" for number in range(10_000))

    def phoenix() -> None:
        forget(lake, dataset)
        convert_day(lake, dataset, LISTING, DAY)

    cases: dict[str, Callable[[], object]] = {
        "phoenix": phoenix,
        "floor: inflate": lambda: inflate(path),
        "floor: parse": lambda: parse(blocks, schema),
        "floor: write": lambda: write(batches, root / "floor.bin", encoding(table.schema)),
        "nautilus": lambda: nautilus(csv, next(folders), name, traded),
        "nautilus v2, objects only": lambda: nautilus_v2(csv, name),
        "seed": lambda: seed(few, next(folders), name),
    }
    day_rows = instrument_day.rows
    counted = dict.fromkeys(cases, day_rows) | {"nautilus": sample, "nautilus v2, objects only": sample}
    counted["seed"] = sample // 5
    costs = alternating(cases, rounds)
    speed = {case: counted[case] / costs[case].cpu for case in cases}
    floor = sum(costs[case].cpu for case in cases if case.startswith("floor"))
    print(f"synthetic {name}, {day_rows:,} rows, zip {path.stat().st_size:,} bytes, medians of {rounds} rounds")
    for case in cases:
        print(f"{case:<28}{costs[case].cpu:8.2f} CPU s{counted[case]:>12,} rows{speed[case]:>14,.0f} rows/CPU s")
    single, double = [], []
    for _ in range(rounds):
        for runs, cores in ((single, 1), (double, 2)):
            runs.append(child(__file__, ["--child", str(lake.root), "--dataset", name], cores))
    walls = [sorted(one["wall"] for one in runs)[len(runs) // 2] for runs in (single, double)]
    print(f"one core {walls[0]:.2f} s, two cores {walls[1]:.2f} s")
    end(
        {
            "dataset": name,
            "rows": day_rows,
            "rows_per_cpu_second": round(speed["phoenix"]),
            "vs_seed": speed["phoenix"] / speed["seed"],
            "vs_nautilus": speed["phoenix"] / speed["nautilus"],
            "vs_floor": costs["phoenix"].cpu / floor,
            "floor_rows_per_cpu_second": round(day_rows / floor),
            "two_cores_vs_one": walls[0] / walls[1],
            "peak_mb": max(one["peak_mb"] for one in double),
            "file_to_zip": file_of(lake, dataset).stat().st_size / path.stat().st_size,
        }
    )


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=12_000_000)
    parser.add_argument("--dataset", choices=sorted(DATASETS), default="book_ticker")
    parser.add_argument("--sample", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--curve", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        convert_once(chosen.child, chosen.dataset)
        return
    with tempfile.TemporaryDirectory() as folder:
        if chosen.curve:
            curve(Path(folder), chosen.curve, chosen.dataset)
        else:
            compare(Path(folder), chosen.dataset, chosen.rows, min(chosen.sample, chosen.rows), chosen.rounds)


if __name__ == "__main__":
    main()
