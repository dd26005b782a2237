"""What the shell offers on Tab."""

from phoenix_core.manifest import Entry, Manifest
from phoenix_core.storage.lake import Lake
from phoenix_dagster.cli.completion import datasets_beginning, days_beginning, names_beginning, symbols_beginning


def test_names_days_and_symbols_come_from_here(data, monkeypatch):
    """From settings and the data folder; after a comma the last name is completed."""
    monkeypatch.setenv("PHOENIX_SYMBOLS", "um:BTCUSDT,spot:ETHUSDT")
    Manifest(Lake.at(data)).record(Entry("um/btcusdt/metrics", "2024-03-28", published=False, reason="never: x"))
    assert symbols_beginning("spot:") == ["spot:ETHUSDT"]
    assert names_beginning("raw,me") == ["raw,metrics"]
    assert days_beginning("2024-03") == ["2024-03-28"]
    assert datasets_beginning("agg") == ["agg_trades"]


def test_wrong_settings_offer_nothing(monkeypatch):
    """And raise nothing into the prompt."""
    monkeypatch.setenv("PHOENIX_SYMBOLS", "nonsense")
    assert symbols_beginning("") == []
    assert days_beginning("") == []
