"""Code locations of bounded size: all symbols are in one each, and Dagster finds them by name."""

import subprocess
import sys

import pytest
import yaml

from phoenix_core.market import Listing
from phoenix_dagster import code_location, locations
from phoenix_dagster.settings import Settings

SYMBOLS = ("um:BTCUSDT", "um:ETHUSDT", "spot:BTCUSDT")


@pytest.fixture
def chosen(monkeypatch, tmp_path):
    made = Settings(
        data=str(tmp_path),
        archive_url=str(tmp_path),
        symbols=tuple(map(Listing.parse, SYMBOLS)),
        symbols_per_location=2,
    )
    monkeypatch.setattr(locations, "settings", lambda: made)
    return made


def symbols_in(defs):
    return {
        ":".join(key.path[:2]) for key in defs.resolve_asset_graph().materializable_asset_keys if len(key.path) == 3
    }


def test_each_symbol_is_in_one_location(chosen):
    """Two and one; what a location has once is in both, but for the reports, which one address serves."""
    first, second = locations.symbols_1, locations.symbols_2
    assert symbols_in(first) == {"um:btcusdt", "um:ethusdt"}
    assert symbols_in(second) == {"spot:btcusdt"}
    names = [{sensor.name for sensor in one.get_repository_def().sensor_defs} for one in (first, second)]
    assert names == [{"ingest", "follow", "reports"}, {"ingest", "follow"}]


def test_a_location_is_made_once(chosen):
    """A code server asks for it twice, and a hundred symbols take seconds each time."""
    assert locations.symbols_1 is locations.symbols_1


@pytest.mark.parametrize(("most", "jobs"), [(2, 4), (1, 0)])
def test_many_symbols_have_no_jobs_of_their_own(chosen, monkeypatch, most, jobs):
    """Two for each symbol up to a bound, beyond it none: they would be most of what a webserver reads at its start."""
    monkeypatch.setattr(code_location, "MOST_WITH_JOBS", most)
    names = {job.name for job in locations.symbols_1.get_repository_def().get_all_jobs()}
    assert len({name for name in names if name.startswith(("backtest_", "sweep_"))}) == jobs


@pytest.mark.parametrize("name", ["symbols_0", "symbols_3", "symbols_02", "defs"])
def test_there_is_no_other(chosen, name):
    """Dagster says so with the names that there are."""
    with pytest.raises(AttributeError, match=f"has symbols_1, symbols_2, and no {name}"):
        getattr(locations, name)


def test_the_workspace_loads_all_of_them(chosen, tmp_path):
    """Dagster's own command accepts each as the written file names it."""
    loaded = [one["python_module"] for one in yaml.safe_load(locations.workspace(chosen))["load_from"]]
    assert [one["attribute"] for one in loaded] == [one["location_name"] for one in loaded] == locations.names(chosen)
    words = ["definitions", "validate", "-m", loaded[1]["module_name"], "-a", loaded[1]["attribute"]]
    environment = {
        "PHOENIX_SYMBOLS": ",".join(SYMBOLS), "PHOENIX_SYMBOLS_PER_LOCATION": "2", "DAGSTER_HOME": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-m", "dagster", *words], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
