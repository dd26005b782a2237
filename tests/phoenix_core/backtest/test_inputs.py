from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from conftest import materialize_day
from fakes.law import assert_arrays_change_nothing
from fakes.zips import DAY

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.inputs import InputReader
from phoenix_core.backtest.run import run
from phoenix_core.catalog.store import read_day
from phoenix_core.errors import CatalogCorrupt, ConfigInvalid, InputMissing
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing, day_start_ns, days_between
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from phoenix_core.verification.files import rows


def test_a_range_without_a_day_names_the_first(lake):
    """And what to materialize."""
    experiment = Experiment.parse(listing="um:BTCUSDT", first=DAY, last=DAY)
    with pytest.raises(InputMissing, match="2024-03-30: um/btcusdt/trade_ticks was never materialized"):
        run(lake, experiment)


def test_a_missing_day_is_named_and_the_rest_runs(market):
    """The balance is carried over it."""
    last = market.days[1].replace(day=27)
    result = run(market.lake, Experiment.parse(listing="um:BTCUSDT", first=market.days[0], last=last))
    assert result.days == market.days
    assert list(result.missing) == [market.days[1].replace(day=26), last]


def test_a_damaged_file_is_refused_before_the_engine_opens_it(market, tmp_path):
    """Named, with how to rebuild it; NautilusTrader would have read the wrong price, or aborted."""
    import shutil  # noqa: PLC0415 - to damage a copy

    shutil.copytree(market.lake.store.root, tmp_path / "copy")
    lake = Lake.at(tmp_path / "copy")
    entry = Manifest(lake).find("um/btcusdt/quote_ticks", market.days[0])
    data = bytearray(lake.store.path(entry.file).read_bytes())
    data[len(data) // 3] ^= 4
    lake.store.path(entry.file).write_bytes(data)
    with pytest.raises(CatalogCorrupt, match="Materialize um/btcusdt/quote_ticks of 2024-03-24 again"):
        run(lake, Experiment.parse(listing="um:BTCUSDT", first=market.days[0], last=market.days[0]))


def test_other_signal_parameters_are_computed(market):
    """Published signals are used only where they were made with the experiment's parameters."""
    ours = InputReader(market.lake, market.listing, SignalParameters()).day(market.days[0])
    other = InputReader(market.lake, market.listing, SignalParameters(vol_bucket_size=5_000_000)).day(market.days[0])
    assert ours.signals.height > 4 * other.signals.height > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"listing": "um:btcusdt"}, "is not a Binance symbol"),
        ({"listing": "cm:BTCUSD_240230"}, "is not a Binance symbol"),
        ({"last": "2024-03-01"}, "runs backwards"),
        ({"first": "2024-02-30"}, "first: "),
        ({"replay": "fast"}, "replay: "),
        ({"venue": {"leverage": 1000}}, "venue.leverage: "),
        ({"strategy": {"signals": {"depth_band": 1}}}, "strategy.signals.depth_band: "),
    ],
)
def test_an_experiment_that_means_nothing_is_refused(changes, message):
    """Each problem by its name, on one line."""
    with pytest.raises(ConfigInvalid, match=message) as caught:
        Experiment.parse(**({"listing": "um:BTCUSDT", "first": DAY, "last": DAY} | changes))
    assert "\n" not in str(caught.value)


def test_an_experiments_name_is_its_content():
    """Not its range nor the replay mode, which change no figure; everything else."""
    base = Experiment.parse(listing="um:BTCUSDT", first=DAY, last=DAY)
    assert base.name == Experiment.parse(listing="um:BTCUSDT", first="2024-01-01", last=DAY, replay="full").name
    assert base.name != Experiment.parse(listing="um:BTCUSDT", first=DAY, last=DAY, venue={"seed": 1}).name


def test_funding_at_midnight_is_paid_at_the_mark_of_midnight(market):
    """At 00:00:00.00x the day's first mark is its open; that of 00:00:59.999 is the future."""
    day = market.days[1]
    path = next((market.archive / "data/futures/um/daily/markPriceKlines").rglob(f"*{day}.zip"))
    opened, closed = next(rows(path, "markPriceKlines", ("open", "close")))
    read = InputReader(market.lake, market.listing, SignalParameters()).day(day)
    midnight, *later = read.funding
    assert midnight.ts < day_start_ns(day) + 10**9
    assert midnight.mark == Decimal(opened) != Decimal(closed)
    closes = {mark.ts: mark.close for mark in read.marks}
    assert [one.mark for one in later] == [closes[one.ts // (60 * 10**9) * 60 * 10**9 - 10**6] for one in later]


def test_funding_without_marks_is_paid_at_the_last_trade(market, tmp_path):
    """And at midnight at the day's first one, not at the last of its first minute."""
    import shutil  # noqa: PLC0415 - to take the marks out of a copy

    day = market.days[1]
    shutil.copytree(market.lake.store.root, tmp_path / "copy")
    lake = Lake.at(tmp_path / "copy")
    lake.remove(Manifest.path("um/btcusdt/mark_prices", day))
    trades = read_day(lake, "um/btcusdt/trade_ticks", day, ("ts_init", "price"))
    read = InputReader(lake, market.listing, SignalParameters()).day(day)
    assert read.marks == ()
    assert read.funding[0].mark == trades["price"][0]
    for due in read.funding[1:]:
        minute = due.ts // (60 * 10**9) * 60 * 10**9
        assert due.mark == trades.filter(pl.col("ts_init") < minute)["price"][-1]


def test_what_signals_lack_is_counted_for_the_runs_own_parameters(market):
    """With depth older than a second counting as none, nearly every signal lacks it; the published ones hardly do."""
    day = market.days[1]
    listing = market.listing
    own = InputReader(market.lake, listing, SignalParameters(max_depth_age_secs=1)).day(day)
    published = InputReader(market.lake, listing, SignalParameters()).day(day)
    lacking = own.signals["ldr"].null_count()
    assert lacking > own.signals.height / 2 > published.signals["ldr"].null_count()
    assert f"depth at {lacking} of {own.signals.height} signals" in own.without
    assert f"depth at {lacking} of {own.signals.height} signals" not in published.without


@pytest.fixture(scope="module")
def without_a_day(tmp_path_factory):
    """Three small days, the second of which is missing from the catalog."""
    root, listing = tmp_path_factory.mktemp("gap"), Listing.parse("um:BTCUSDT")
    days = days_between(date(2024, 3, 24), date(2024, 3, 26))
    write_archive(root / "archive", listing, days, size=MarketSize(trades=12_000, quotes_per_trade=3))
    lake = Lake.at(root / "data")
    for day in (days[0], days[2]):
        materialize_day(lake, root / "archive", listing, day)
    return lake, days


@pytest.mark.parametrize("replay", ["signals", "full"])
def test_nothing_is_held_over_a_missing_day(without_a_day, replay):
    """Who never exits is sold at the end of the day before, enters again after, and was flat in between.

    No funding is charged on the missing day, which is 1,440 flat minutes of the curve and 24 excluded hours.
    """
    lake, (before, missing, after) = without_a_day
    result = run(
        lake,
        Experiment.parse(
            listing="um:BTCUSDT", first=before, last=after, replay=replay,
            strategy={"lpi_exit_threshold": -1.0, "oi_gate": False, "lpi_entry_threshold": 0.5},
        ),
    )  # fmt: skip
    start, end = day_start_ns(missing), day_start_ns(after)
    closings = result.ledger.round_trips.filter(pl.col("closed_by") == "session end")["closed_ns"]
    assert [start - 10**9 < closed < start for closed in closings] == [True, False]
    assert result.fills.filter((pl.col("ts") > end) & (pl.col("side") == "BUY")).height
    assert not result.ledger.rows["ts"].is_between(start, end).any()
    between = result.equity.filter(pl.col("ts").is_between(start, end - 1))
    assert (between.height, between["position"].abs().sum(), between["equity"].n_unique()) == (1440, 0, 1)
    assert result.excluded_seconds >= 86_400
    assert f"nothing is held over missing days: closed at the end of {before}" in result.assumptions
    assert result.final_balance == result.experiment.venue.starting_balance + sum(
        result.ledger.rows["amount"]
    ).quantize(result.final_balance)
    if replay == "signals":
        assert_arrays_change_nothing(lake, [result.experiment])


def test_both_modes_agree_over_a_missing_day(without_a_day):
    """Fill for fill."""
    lake, (before, _, after) = without_a_day
    fills = [
        run(lake, Experiment.parse(listing="um:BTCUSDT", first=before, last=after, replay=replay)).fills
        for replay in ("signals", "full")
    ]
    assert fills[0].equals(fills[1])
