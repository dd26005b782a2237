"""Published results made by hand: small, with every part of a page in them, and figures that are easy to check."""

from datetime import date
from decimal import Decimal

import polars as pl

from phoenix_core.backtest.capacity_curve import Point
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.ledger import LEDGER_SCHEMA, round_trip_schema
from phoenix_core.report.result import PublishedResult
from phoenix_core.storage.digests import canonical_json, sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.phoenix.declaration import CONTRACT

MINUTE_NS = 60 * 10**9
START_NS = 1_711_238_400 * 10**9  # 2024-03-24


def made_up_trips(nets, start_ns=START_NS):
    """One round trip for each net, two minutes apart."""
    rows = [
        {
            "opened_ns": start_ns + 2 * number * MINUTE_NS,
            "closed_ns": start_ns + (2 * number + 1) * MINUTE_NS,
            "side": "LONG",
            "quantity": Decimal("0.5"),
            "entry_price": Decimal(50_000),
            "exit_price": Decimal("50000.5"),
            "realized": Decimal(net) + 10,
            "slippage": Decimal(1),
            "fees": Decimal(-10),
            "funding": Decimal(0),
            "net": Decimal(net),
            "closed_by": "EXIT",
            "entry_decided_ns": start_ns + 2 * number * MINUTE_NS,
            "entry_bucket": number,
            "entry_first_trade": 100 * number,
            "entry_last_trade": 100 * number + 99,
            "entry_lpi": 0.8,
        }
        for number, net in enumerate(nets)
    ]
    return pl.DataFrame(rows, schema=round_trip_schema(CONTRACT.annotations))


def made_up_document(*, net=Decimal(0), orders=None, missing=None, **experiment):
    """What `experiment.json` would say of two days of um:BTCUSDT."""
    chosen = {"listing": "um:BTCUSDT", "first": date(2024, 3, 24), "last": date(2024, 3, 25)} | experiment
    described = Experiment.parse(**chosen)
    missing = missing or {}
    return {
        "experiment": described.model_dump(mode="json"),
        "identity": "a" * 64,
        "inputs": {"um/btcusdt/signals@2024-03-24": "b" * 64},
        "zips": {"archive/BTCUSDT-aggTrades-2024-03-24.zip": "c" * 64},
        "files": {},
        "days": ["2024-03-24"],
        "missing": missing,
        "without": {"2024-03-24": ["open interest at 18 of 467 signals"]},
        "assumptions": ["fees: maker 0.0002, taker 0.0005 of notional"],
        "excluded_seconds": 5400.0,
        "ruined_ns": None,
        "orders": orders or {"FILLED": 2},
        "closed_at_end": 0,
        "final_balance": str(described.venue.starting_balance + net),
        "parts": {"fees": "-20", "funding": "-3", "net": str(net), "price": str(net + 21), "slippage": "2"},
    }


def made_up_result(nets=(), equity=(100_000.0, 100_000.0), prices=None, *, every_ns=MINUTE_NS, curve=(), **document):
    """A result with such round trips, an equity curve at such steps, and points (power of ten, net, filled, insolvent)."""
    round_trips = made_up_trips([str(net) for net in nets])
    fills = {
        "ts": [ts for trip in round_trips.iter_rows(named=True) for ts in (trip["opened_ns"], trip["closed_ns"])],
        "side": ["BUY", "SELL"] * round_trips.height,
        "price": [50_000.0, 50_010.0] * round_trips.height,
        "why": ["entry", "exit"] * round_trips.height,
        "liquidity": ["MAKER", "TAKER"] * round_trips.height,
    }
    kinds = {"ts": pl.Int64, "side": pl.String, "price": pl.Float64, "why": pl.String, "liquidity": pl.String}
    rows = [
        {"ts": ts, "kind": "fill", "realized": 1, "slippage": 0, "fee": -1, "funding": 0, "position": 0, "cash": 1}
        for ts in fills["ts"]
    ]
    times = [START_NS + number * every_ns for number in range(len(equity))]
    signals = pl.DataFrame(
        {"ts_init": times} | dict.fromkeys(("lpi", "fsi", "vpin", "ldr", "oi_z"), [0.5] * len(times))
    )
    return PublishedResult(
        folder="backtests/0123456789ab/2024-03-24_2024-03-25",
        document=made_up_document(**document),
        equity=pl.DataFrame(
            {
                "ts": times,
                "price": [float(price) for price in prices or [50_000.0] * len(equity)],
                "position": [0.0] * len(equity),
                "equity": [float(value) for value in equity],
            },
            schema={"ts": pl.Int64, "price": pl.Float64, "position": pl.Float64, "equity": pl.Float64},
        ),
        fills=pl.DataFrame(fills, schema=kinds),
        round_trips=round_trips,
        ledger=pl.DataFrame(rows, schema=LEDGER_SCHEMA),
        signals=signals if nets else None,
        capacity=tuple(
            Point(f"{10**power}", net, filled, 0.01, 0.4, 5, insolvent, "d" * 64)
            for power, net, filled, insolvent in curve
        ),
    )


def write_result(lake: Lake, result: PublishedResult, name="0123456789ab", span="2024-03-24_2024-03-25"):
    """Write a result as `publish` does; gives its folder."""
    folder = f"backtests/{name}/{span}"
    tables = {"equity": result.equity, "fills": result.fills, "positions": result.round_trips, "ledger": result.ledger}
    files = {}
    for table, frame in tables.items():
        path = lake.store.path(f"{folder}/{table}.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path)
        files[path.name] = sha256_of(path)
    lake.write(f"{folder}/experiment.json", canonical_json(dict(result.document) | {"files": files}))
    return folder
