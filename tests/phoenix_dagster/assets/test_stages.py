"""Days through Dagster, with synthetic files and made-up faults."""

import json
import shutil
from datetime import date

import dagster as dg
import polars as pl
import pytest
from fakes.archive_server import Answer
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put_day, put_sidecar

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import SourceNotYet, SourceUnreachable, StrategyFailed
from phoenix_core.market import Listing
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.trials import recorded
from phoenix_dagster.failures import failure as made_failure

DAYS = ("2024-03-24", "2024-03-25")
TEXT = AGG_HEADER + agg_rows((1, "69903.5", "0.014", 14, "true"), (2, "69902.0", "0.022", 15, "false"))


def key(name):
    return dg.AssetKey(["um", "btcusdt", name])


def last(instance, name):
    return instance.get_latest_materialization_event(key(name)).asset_materialization


def values(materialization):
    return {name: value.value for name, value in materialization.metadata.items()}


def failure(result, name):
    return result.failure_data_for_node(key(name).to_python_identifier()).user_failure_data


def versions(instance, name, day):
    records = instance.fetch_materializations(dg.AssetRecordsFilter(key(name), asset_partitions=[day]), limit=1).records
    return records[0].asset_materialization.tags["dagster/data_version"]


@pytest.fixture(scope="module")
def two_days(market, tmp_path_factory):
    """Every asset of two synthetic days, materialized day by day through Dagster."""
    from phoenix_dagster.code_location import definitions  # noqa: PLC0415 - module scope has no make_defs
    from phoenix_dagster.settings import Settings  # noqa: PLC0415 - as above

    data = tmp_path_factory.mktemp("two") / "data"
    defs = definitions(Settings(data=data, archive_url=str(market.archive), symbols=(market.listing,)))
    job = defs.resolve_implicit_global_asset_job_def()
    keys = [one for one in defs.resolve_asset_graph().materializable_asset_keys if one.path[0] == "um"]
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral(str(tmp_path_factory.mktemp("history"))) as made:
        for day in DAYS:
            done = job.execute_in_process(instance=made, partition_key=day, asset_selection=keys, run_config=quiet)
            assert done.success
        yield made, data


@pytest.fixture
def copy(two_days, tmp_path):
    """The two days' files, to be changed."""
    return shutil.copytree(two_days[1], tmp_path / "copy")


def test_a_whole_day_is_green(two_days):
    """All assets of both days, the continuous backtest and its report included."""
    instance, _ = two_days
    for name in ("book_ticker", "quote_ticks", "signals", "backtest", "instrument"):
        assert instance.get_materialized_partitions(key(name)) == set(DAYS)
    # What signals look back on was made for the first day.
    assert instance.get_materialized_partitions(key("agg_trades")) == {"2024-03-23", *DAYS}
    assert last(instance, "report").metadata["path"].value.endswith("report.html")


def test_a_raw_partitions_version_is_its_sha256(two_days):
    """So that a replaced file makes everything downstream stale."""
    instance, data = two_days
    path = data / "archive/data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-03-24.zip"
    assert versions(instance, "agg_trades", DAYS[0]) == sha256_of(path)


def test_every_day_asset_says_what_it_holds(two_days):
    """Rows, bytes, time range, rules, a preview, columns and the duration."""
    instance, _ = two_days
    found = values(last(instance, "quote_ticks"))
    assert found["dagster/row_count"] == found["rows_kept"] > 60_000
    assert found["rows_dropped_in_all"] == found["rows_repaired_in_all"] == 0
    wanted = {
        "bytes",
        "sha256",
        "first_time",
        "last_time",
        "preview",
        "dagster/column_schema",
        "duration_seconds",
        "path",
    }
    assert wanted <= found.keys()
    raw = {
        "dagster/row_count",
        "csv_bytes",
        "verified",
        "preview",
        "duration_seconds",
        "first_row_time",
        "last_row_time",
    }
    assert raw <= values(last(instance, "agg_trades")).keys()


def test_a_large_raw_day_is_told_by_the_conversion_of_its_run(make_defs, materialize, server, tmp_path, instance):
    """It is not inflated twice: an observation shows what a run of the raw day alone does."""
    put_day(server.root, AGG_TRADES, TEXT)
    defs = make_defs(tmp_path, server.url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("phoenix_core.raw.rows.LARGE_BYTES", 0)
        materialize(defs, "agg_trades trade_ticks", partition_key="2024-03-30")
        left = values(last(instance, "agg_trades"))
        (record,) = instance.fetch_observations(key("agg_trades"), limit=10).records
        materialize(defs, "agg_trades", partition_key="2024-03-30")
    alone = values(last(instance, "agg_trades"))
    assert left["rows"] == "counted by its conversion, which tells it in an observation"
    assert {"dagster/row_count", "last_row_time"} & left.keys() == set()
    observed = values(record.event_log_entry.asset_observation)
    assert observed.pop("counted_by") == "um/btcusdt/trade_ticks"
    assert (observed["dagster/row_count"], observed["csv_bytes"], record.partition_key) == (2, len(TEXT), "2024-03-30")
    assert observed.items() <= alone.items()
    assert {"first_row_time", "last_row_time", "preview"} <= observed.keys()


def test_a_step_that_is_executed_again_leaves_nothing_to_one_that_is_not(make_defs, materialize, server, tmp_path):
    """A run of both assets of which only the raw one's step is repeated counts its rows itself."""
    put_day(server.root, AGG_TRADES, TEXT)
    defs = make_defs(tmp_path, server.url)
    names = [key(name) for name in ("agg_trades", "trade_ticks")]
    job = defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection=set(names))
    with dg.DagsterInstance.ephemeral(str(tmp_path)) as instance, pytest.MonkeyPatch.context() as patch:
        patch.setattr("phoenix_core.raw.rows.LARGE_BYTES", 0)
        step = names[0].to_python_identifier()
        job.execute_in_process(instance=instance, partition_key="2024-03-30", op_selection=[step])
        assert values(last(instance, "agg_trades"))["dagster/row_count"] == 2


def test_a_small_raw_day_is_counted_as_it_comes(two_days):
    """And its conversion has nothing to add."""
    instance, _ = two_days
    assert values(last(instance, "agg_trades"))["dagster/row_count"] > 0
    assert instance.fetch_observations(key("agg_trades"), limit=1).records == []


def test_a_backtest_gives_numbers_to_plot(two_days):
    """Each figure of the contract is a number; fills are a table, equity a picture."""
    instance, _ = two_days
    materialization = last(instance, "continuous_backtest")
    found = values(materialization)
    numbers = (
        "fills net_pnl return fees funding slippage price_pnl max_drawdown sharpe exposure final_balance round_trips"
    )
    for name in numbers.split():
        assert isinstance(found[name], (int, float)), name
    assert found["price_pnl"] + found["slippage"] + found["fees"] + found["funding"] == pytest.approx(found["net_pnl"])
    assert found["final_balance"] == pytest.approx(100_000 + found["net_pnl"], abs=0.01)
    assert found["uncertainty"] == "No interval can be given: 1 day, at least 20 are needed."
    assert "sharpe_low" not in found
    assert list(found)[:3] == ["result", "equity", "net_pnl"]
    amount = f"net {found['net_pnl']:+,.2f} USDT ({found['return']:+.2%}), {found['fills']} fills, "
    assert found["result"] == f"{amount}drawdown {found['max_drawdown']:.2%}"
    assert found["equity"].startswith("![equity, fills and drawdown](<data:image/svg+xml,")
    assert len(materialization.metadata["fills_table"].records) > 0


def test_a_result_is_on_disk(two_days):
    """Fills, positions, ledger, equity and the experiment, under the experiment's name and the range."""
    instance, data = two_days
    folder = data / "backtests" / values(last(instance, "backtest"))["experiment_id"] / DAYS[1]
    assert {path.name for path in folder.iterdir()} >= {
        "fills.parquet", "positions.parquet", "ledger.parquet", "equity.parquet", "experiment.json",
    }  # fmt: skip
    found = values(last(instance, "backtest"))
    assert pl.read_parquet(folder / "fills.parquet").height == found["fills"]
    assert found["folder"] == str(folder)


def test_what_shuffled_signals_earn_lies_beside_a_continuous_backtest(two_days, copy, make_defs, materialize, market):
    """Twenty replays, and a sentence in its metadata; with none wished for there are none, and the result is the same."""
    instance, _ = two_days
    found = values(last(instance, "continuous_backtest"))
    assert found["shuffled_signals"].endswith(" of 20 replays with shuffled signals gained less")
    beside = copy / "backtests" / found["experiment_id"] / DAYS[1] / "shuffled.json"
    assert len(json.loads(beside.read_text())["nets"]) == 20
    beside.unlink()
    span = dict.fromkeys(("first", "last"), DAYS[1])
    config = {"ops": {key("continuous_backtest").to_python_identifier(): {"config": span}}}
    assert materialize(make_defs(copy, market.archive, shuffles=0), "continuous_backtest", config=config).success
    assert not beside.exists()


def test_a_result_stands_without_its_shuffles(copy, make_defs, materialize, market, monkeypatch):
    """One of them can't be replayed: the result is published before, and says why they are left out."""

    def fails(*_):
        raise StrategyFailed("A shuffled day stopped.")

    monkeypatch.setattr("phoenix_core.backtest.shuffled.shuffled_nets", fails)
    span = dict.fromkeys(("first", "last"), DAYS[1])
    config = {"ops": {key("continuous_backtest").to_python_identifier(): {"config": span}}}
    result = materialize(make_defs(copy, market.archive), "continuous_backtest", config=config)
    (made,) = result.asset_materializations_for_node(key("continuous_backtest").to_python_identifier())
    assert values(made)["shuffled_signals"] == "left out: A shuffled day stopped."


def test_every_backtest_is_a_trial(two_days):
    """Of a day and of a range, in the ledger that deleting results does not shorten, with what it earned."""
    instance, data = two_days
    ledger = {(one.first, one.last): one for one in recorded(Lake.at(data), Listing.parse("um:BTCUSDT"))}
    for name in ("backtest", "continuous_backtest"):
        found = values(last(instance, name))
        days = tuple(date.fromisoformat(found["experiment"][end]) for end in ("first", "last"))
        assert (ledger[days].experiment, ledger[days].ratio is None) == (found["experiment_id"], False)


def test_the_continuous_backtest_takes_the_runs_days(two_days):
    """Started with a partition and no range of its own, it runs that day alone."""
    instance, _ = two_days
    assert values(last(instance, "continuous_backtest"))["experiment"]["first"] == DAYS[1]


def test_the_same_day_twice_is_the_same_bytes(two_days, make_defs, materialize, market, tmp_path):
    """A second data folder, another process's order of things: equal catalog files, fills and experiment."""
    _, data = two_days
    defs = make_defs(tmp_path, market.archive)
    for day in DAYS:
        materialize(defs, "*", partition_key=day)
    for folder in ("catalog", "signals", "backtests", "archive", "manifest"):
        files = {path.relative_to(data): sha256_of(path) for path in (data / folder).rglob("*") if path.is_file()}
        again = {
            path.relative_to(tmp_path): sha256_of(path) for path in (tmp_path / folder).rglob("*") if path.is_file()
        }
        assert files == again
        assert files


def test_a_range_in_one_run_is_the_same_days(two_days, make_defs, materialize, market, tmp_path, instance):
    """Each day has its own metadata, and the files are those of single runs."""
    _, data = two_days
    defs = make_defs(tmp_path, market.archive, days_per_run="all")
    tags = {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[1]}
    assert materialize(defs, "*", tags=tags).success
    assert instance.get_materialized_partitions(key("backtest")) == set(DAYS)
    assert values(last(instance, "continuous_backtest"))["days"] == 2
    for path in (data / "catalog").rglob("*.parquet"):
        assert sha256_of(path) == sha256_of(tmp_path / path.relative_to(data))
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(key("trade_ticks"), asset_partitions=[DAYS[0]]), limit=1
    )
    assert "rows_kept" in records.records[0].asset_materialization.metadata


def test_another_experiment_is_config_alone(copy, make_defs, materialize, market, instance):
    """A threshold nobody reaches: no fills, another experiment's folder, the account untouched."""
    defs = make_defs(copy, market.archive)
    config = {"ops": {key("backtest").to_python_identifier(): {"config": {"strategy": {"lpi_entry_threshold": 5.0}}}}}
    materialize(defs, "backtest", partition_key=DAYS[0], config=config)
    found = values(last(instance, "backtest"))
    assert (found["fills"], found["final_balance"], found["net_pnl"]) == (0, 100_000.0, 0.0)


@pytest.mark.slow
def test_a_day_of_contracts_is_in_coins(coin_market, make_defs, materialize, tmp_path, instance):
    """cm/btcusd_perp/backtest begins with a coin, its figures are coins, and dollars stand beside them."""
    data = shutil.copytree(coin_market.lake.store.root, tmp_path / "coins")
    defs = make_defs(data, coin_market.archive, symbols="cm:BTCUSD_PERP")
    asset = dg.AssetKey(["cm", "btcusd_perp", "backtest"])
    config = {"ops": {asset.to_python_identifier(): {"config": {"strategy": {"oi_gate": False}}}}}
    materialize(defs, "backtest", partition_key=DAYS[0], config=config)
    found = values(instance.get_latest_materialization_event(asset).asset_materialization)
    assert (found["currency"], found["quote_currency"]) == ("BTC", "USD")
    assert found["final_balance"] == pytest.approx(1 + found["net_pnl"], abs=1e-9)
    assert found["result"].startswith(f"net {found['net_pnl']:+,.8f} BTC")
    dollars = found["final_balance_in_quote"] - found["starting_balance_in_quote"]
    assert dollars == pytest.approx(found["net_in_quote"] + found["revaluation_in_quote"], abs=1e-6)


def test_an_unknown_parameter_is_refused(copy, make_defs, materialize, market):
    """Before anything runs, with the names that are known."""
    defs = make_defs(copy, market.archive)
    config = {"ops": {key("backtest").to_python_identifier(): {"config": {"strategy": {"lpi_entry": 5.0}}}}}
    with pytest.raises(dg.DagsterInvalidConfigError, match=r'"lpi_entry" at path .*lpi_entry_threshold'):
        materialize(defs, "backtest", partition_key=DAYS[0], config=config)


def test_a_value_out_of_range_is_refused(copy, make_defs, materialize, market):
    """One line that names it: ranges are the models', not the launchpad's."""
    defs = make_defs(copy, market.archive)
    config = {"ops": {key("backtest").to_python_identifier(): {"config": {"venue": {"leverage": 1000}}}}}
    result = materialize(defs, "backtest", partition_key=DAYS[0], config=config, raise_on_error=False)
    assert "venue.leverage: Input should be less than or equal to 125" in failure(result, "backtest").description


# -- days that are not out ---------------------------------------------------------------------------


def test_an_absent_old_day_is_green_and_says_so(make_defs, materialize, server, tmp_path, instance):
    """raw, catalog and what follows are materialized as unpublished, with the reason and a warning."""
    defs = make_defs(tmp_path, server.url)
    names = "agg_trades trade_ticks volume_buckets"
    result = materialize(defs, names, partition_key="2024-03-30")
    assert result.success
    for name in ("agg_trades", "trade_ticks", "volume_buckets"):
        found = values(last(instance, name))
        assert found["published"] is False
        assert found["reason"] == "missing: the archive has no agg_trades of um:BTCUSDT for 2024-03-30"
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert not checks["published"].passed
    assert checks["published"].severity is dg.AssetCheckSeverity.WARN


def test_a_month_that_says_something_else_is_a_warning_with_rows(make_defs, materialize, tmp_path):
    """Beside the day's own file, which is used; the check names the month, counts, and shows both values."""
    folder = tmp_path / "um" / "aggTrades"
    folder.mkdir(parents=True)
    (folder / "BTCUSDT-aggTrades-2024-03-30.csv").write_text(TEXT)
    (folder / "BTCUSDT-aggTrades-2024-03.csv").write_text(TEXT.replace("69902.0", "69902.5"))
    defs = make_defs(tmp_path / "data", tmp_path / "none", sources=(str(tmp_path / "um"),))
    result = materialize(defs, "agg_trades", partition_key="2024-03-30")
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "copies_agree"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    message = check.metadata["2024-03-30"].value
    assert "BTCUSDT-aggTrades-2024-03-30.csv is used." in message
    assert "BTCUSDT-aggTrades-2024-03.csv: 0 rows are only in the file that is used" in message
    (row,) = check.metadata["2024-03-30 rows"].value.records
    assert "69902.0000000000000000 → 69902.5000000000000000" in row.data["row"]


def test_a_day_that_never_was_costs_no_request(make_defs, materialize, server, tmp_path, instance):
    """book_ticker ended: the registry knows."""
    materialize(make_defs(tmp_path, server.url), "book_ticker", partition_key="2024-08-08")
    assert values(last(instance, "book_ticker"))["reason"] == "never: book_ticker of um:BTCUSDT ended 2024-03-30"
    assert server.requests == []


def test_a_day_that_is_not_out_yet_fails_without_retries(make_defs, materialize, server, tmp_path, instance, noon_of):
    """Yesterday's file: a failure that says when, and nothing materialized."""
    noon_of(date(2024, 4, 2))
    defs = make_defs(tmp_path, server.url)
    result = materialize(defs, "agg_trades", partition_key="2024-04-01", raise_on_error=False)
    assert not result.success
    told = failure(result, "agg_trades")
    assert "not yet: usually out by 08:00 UTC" in told.description
    assert not any(event.is_step_up_for_retry for event in result.all_events)
    assert instance.get_materialized_partitions(key("agg_trades")) == set()


def test_a_bad_day_fails_with_one_line_and_leaves_nothing(make_defs, materialize, server, tmp_path):
    """A wrong checksum: what, where, expected, found, what to do; no file, no entry."""
    put_sidecar(put_day(server.root, AGG_TRADES, TEXT), "a" * 64)
    data = tmp_path / "lake"
    result = materialize(make_defs(data, server.url), "agg_trades", partition_key="2024-03-30", raise_on_error=False)
    told = failure(result, "agg_trades")
    assert "does not have its published checksum: expected aaaa" in told.description
    assert "\n" not in told.description
    assert [path for path in data.rglob("*") if path.is_file()] == []


def test_one_bad_day_of_a_range_is_named_and_the_rest_kept(make_defs, materialize, server, tmp_path, instance):
    """Three days in one run, one corrupt: two green, one named, and a re-run does only what is missing."""
    for day in range(28, 31):
        text = AGG_HEADER + "".join(
            f"{n},1.5,1,1,1,{1_711_584_000_000 + (day - 28) * 86_400_000 + n},true\n" for n in range(3)
        )
        put_day(server.root, AGG_TRADES, text, day=DAY.replace(day=day))
    bad = key_of_day(AGG_TRADES, UM, DAY.replace(day=29))
    server.script(bad.path, Answer(body=b"PKrubbish"), Answer(body=b"PKrubbish"))
    defs = make_defs(tmp_path, server.url, days_per_run="all")
    tags = {"dagster/asset_partition_range_start": "2024-03-28", "dagster/asset_partition_range_end": "2024-03-30"}
    result = materialize(defs, "agg_trades", tags=tags, raise_on_error=False)
    assert failure(result, "agg_trades").description.startswith("1 of 3 days failed: 2024-03-29. The others are kept.")
    assert instance.get_materialized_partitions(key("agg_trades")) == {"2024-03-28", "2024-03-30"}
    server.requests.clear()
    assert materialize(defs, "agg_trades", tags=tags).success
    assert [path for path in server.requests if path.endswith(".zip")] == ["/" + bad.path]


def test_a_catalog_day_without_its_raw_day_is_an_error(make_defs, materialize, server, tmp_path):
    """It names what to materialize first."""
    defs = make_defs(tmp_path, server.url)
    result = materialize(defs, "trade_ticks", partition_key="2024-03-30", raise_on_error=False)
    assert "needs um/btcusdt/agg_trades of that day" in failure(result, "trade_ticks").description


def test_only_what_is_transient_may_be_retried():
    """An unreachable archive may answer later; a day that is not out will not."""
    assert made_failure("x", SourceUnreachable("x")).allow_retries
    assert not made_failure("x", SourceNotYet("x")).allow_retries


def test_a_dropped_row_is_a_warning(make_defs, materialize, server, tmp_path):
    """The catalog's check `clean` names the rule; `accounted` holds."""
    put_day(server.root, AGG_TRADES, TEXT + agg_rows((3, "69903.5", "0.0", 14, "true")))
    defs = make_defs(tmp_path, server.url)
    result = materialize(defs, "agg_trades trade_ticks", partition_key="2024-03-30")
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert checks["accounted"].passed
    assert not checks["clean"].passed
    assert "dropped_not_positive_quantity: 1" in checks["clean"].metadata["2024-03-30"].value
