"""The launchpad's config is the parameter models, field for field."""

from typing import Any

import dagster as dg
import pytest

from phoenix_core.backtest.experiment import Experiment, VenueParameters
from phoenix_core.market import Listing, Market
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.strategies.contract import ImportedStrategy
from phoenix_core.strategies.phoenix.parameters import StrategyParameters
from phoenix_dagster.assets.backtest import RANGE, config_on, scaffold_on
from phoenix_dagster.assets.config_schema import config_of, exact

GIVEN = {"listing": "um:BTCUSDT", "first": "2024-01-01", "last": "2024-01-01"}


def fields_at(*path: str) -> dict[str, Any]:
    fields: dict[str, Any] = config_on(Market.UM)
    for name in path:
        fields = fields[name].config_type.fields
    return fields


@pytest.mark.parametrize(
    ("path", "model"),
    [(["strategy"], StrategyParameters), (["venue"], VenueParameters), (["strategy", "signals"], SignalParameters)],
)
def test_every_parameter_is_a_field_with_its_description(path, model):
    """No name is lacking, none is invented, and each says what its model says."""
    fields = fields_at(*path)
    others = ImportedStrategy.model_fields.keys() if path == ["strategy"] else set()
    assert fields.keys() == model.model_fields.keys() | others
    for name, field in model.model_fields.items():
        assert (field.description or "") in fields[name].description


def test_types_defaults_and_ranges_are_shown():
    """A decimal is a number, None is allowed where the model allows it, and a range is told in words."""
    venue = fields_at("venue")
    assert (venue["leverage"].config_type.given_name, venue["leverage"].default_value) == ("Float", 10)
    assert venue["leverage"].description.endswith("(at least 1 and at most 125)")
    assert venue["maker_fee"].config_type.kind == dg._config.ConfigTypeKind.NONEABLE
    assert venue["funding"].config_type.given_name == "Bool"
    assert venue["seed"].config_type.given_name == "Int"
    assert [one.config_value for one in config_on(Market.UM)["replay"].config_type.enum_values] == [
        "signals",
        "full",
        "live",
    ]


@pytest.mark.parametrize("name", ["um:BTCUSDT", "cm:BTCUSD_PERP", "spot:BTCUSDT"])
def test_the_scaffold_is_the_default_experiment(name):
    """What the launchpad opens with has the identity of an experiment without any config, on each market."""
    given, market = GIVEN | {"listing": name}, Listing.parse(name).market
    config = exact({name: value for name, value in scaffold_on(market).items() if name not in RANGE})
    assert Experiment.parse(**given, **config).name == Experiment.parse(**given).name
    starting = config_on(market)["venue"].config_type.fields["starting_balance"]
    assert starting.default_value == Experiment.parse(**given).venue.starting_balance


def test_a_whole_number_with_a_point_is_the_same_experiment():
    """100000.0, as some editors write it, is 100000."""
    config = exact({"venue": {"starting_balance": 100000.0, "liquidation_fee": 0.0125}})
    assert Experiment.parse(**GIVEN, **config).name == Experiment.parse(**GIVEN).name


def test_an_experiments_config_is_that_experiment():
    """What the doctor runs again: nested values, decimals, choices and days, as Dagster takes them."""
    given = {"first": "2024-03-01", "last": "2024-03-02", "replay": "full", "strategy": {"lpi_entry_threshold": 0.7}}
    made = Experiment.parse(**GIVEN | given, venue={"liquidation_fee": "0.0125", "starting_balance": "50000.5"})
    config = config_of(made, without=frozenset({"listing"}))
    job = dg.Definitions([_taker]).resolve_implicit_global_asset_job_def()
    assert dg.validate_run_config(job, {"ops": {"_taker": {"config": config}}})
    assert Experiment.parse(listing=str(made.listing), **exact(config)).name == made.name


@dg.asset(config_schema=config_on(Market.UM) | RANGE)
def _taker():
    """Takes the config of a backtest."""
