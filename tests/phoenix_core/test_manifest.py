"""What is said of an asset that has no entries."""

from phoenix_core.manifest import Entry, Manifest
from phoenix_core.storage import Lake


def test_a_mistyped_asset_is_told_what_exists(tmp_path):
    """The nearest name; or all of them; or that the folder is not there, which is not made by asking."""
    manifest = Manifest(Lake.at(tmp_path / "data"))
    assert "there is no data folder" in manifest.hint("um/btcusdt/trade_tick")
    assert not (tmp_path / "data").exists()
    manifest.record(Entry("um/btcusdt/trade_ticks", "2024-03-28", published=False, reason="never: x"))
    assert manifest.hint("um/btcusdt/trade_tick") == " (did you mean um/btcusdt/trade_ticks?)"
    assert manifest.hint("zzz") == " (there are um/btcusdt/trade_ticks)"
    assert manifest.hint("um/btcusdt/trade_ticks") == ""
