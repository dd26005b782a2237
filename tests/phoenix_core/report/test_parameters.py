from fakes.results import made_up_document

from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.report.parameters import ABSENT, parameters
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.strategies.phoenix.parameters import StrategyParameters


def found(**experiment):
    return {one.name: one for one in parameters(made_up_document(**experiment)["experiment"])}


def test_every_field_of_the_models_is_a_parameter_with_its_description():
    """Those within others too, by their dotted names; one that only spot has, where it was chosen."""
    names = [f"signals.{name}" for name in SignalParameters.model_fields]
    names += [name for name in StrategyParameters.model_fields if name != "signals"]
    chosen = found()
    assert set(chosen) == {*names, *VenueParameters.model_fields} - {"spot_fee"}
    assert all(one.description and one.is_default for one in chosen.values())


def test_what_was_chosen_differs_from_the_default():
    """And nothing else, at any depth."""
    chosen = found(strategy={"lpi_entry_threshold": 0.5, "signals": {"vpin_window": 5}}, venue={"maker_fee": "0.0001"})
    differing = {name: (one.value, one.default) for name, one in chosen.items() if not one.is_default}
    assert differing == {
        "lpi_entry_threshold": (0.5, 0.75), "signals.vpin_window": (5, 1), "maker_fee": ("0.0001", None),
    }  # fmt: skip


def test_what_fees_on_spot_are_taken_from_is_told_where_it_was_chosen():
    """Beside its default, with its meaning."""
    one = found(listing="spot:BTCUSDT", venue={"spot_fee": "quote"})["spot_fee"]
    assert (one.value, one.default, one.is_default) == ("quote", "received", False)
    assert "quote" in one.description


def test_equal_is_by_value():
    """A leverage of 10.0 is the default of 10."""
    assert found(venue={"leverage": "10.0"})["leverage"].is_default


def test_units_are_read_off_the_names():
    """Milliseconds, ticks; a name without one has none."""
    chosen = found()
    assert chosen["order_latency_ms"].text(30.0) == "30 ms"
    assert chosen["maker_offset_ticks"].text(1) == "1 ticks"
    assert chosen["starting_balance"].text("100000") == "100,000"


def test_a_result_of_another_version_can_be_read():
    """A parameter that is gone has no default, one that is new has no value: both differ, neither fails."""
    experiment = made_up_document()["experiment"]
    experiment["venue"]["retired"] = 7
    del experiment["venue"]["seed"]
    chosen = {one.name: one for one in parameters(experiment)}
    assert (chosen["retired"].value, chosen["retired"].default) == (7, ABSENT)
    assert (chosen["seed"].value, chosen["seed"].is_default) == (ABSENT, False)
    assert chosen["seed"].text(ABSENT) == ABSENT
