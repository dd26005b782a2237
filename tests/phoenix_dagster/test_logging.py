"""What the core logs is in the log of the run, by the `dagster.yaml` that people get."""

from pathlib import Path

import dagster as dg
import yaml
from fakes.zips import AGG_HEADER, DAY, agg_rows, put_day

from phoenix_core.datasets import AGG_TRADES

ROOT = Path(__file__).parents[2]


def test_a_damaged_day_that_is_built_anew_is_in_the_log_of_its_run(make_defs, materialize, server, tmp_path):
    """Somebody cut its file short: the next run mends it, and its log says what was found."""
    put_day(server.root, AGG_TRADES, AGG_HEADER + agg_rows((1, "69903.5", "0.014", 14, "true")))
    overrides = {"python_logs": yaml.safe_load((ROOT / "dagster.yaml").read_text())["python_logs"]}
    with dg.instance_for_test(temp_dir=str(_folder(tmp_path)), overrides=overrides) as instance:
        defs = make_defs(tmp_path / "data", server.url)
        materialize(defs, "agg_trades trade_ticks", partition_key=str(DAY), instance=instance)
        (file,) = (tmp_path / "data" / "catalog").rglob("trade_tick/**/*.parquet")
        file.write_bytes(file.read_bytes()[:100])
        done = materialize(defs, "trade_ticks", partition_key=str(DAY), instance=instance)
        told = [record.user_message for record in instance.all_logs(done.run_id)]
    assert sum(text.startswith("um/btcusdt/trade_ticks of 2024-03-30 is built anew:") for text in told) == 1


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    folder.mkdir()
    return folder
