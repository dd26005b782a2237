"""What Dagster says when code changes: that it did, on the asset whose code it is."""

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleCauseCategory
from dagster._core.loader import LoadingContextForTest
from fakes.zips import AGG_HEADER, DAY, agg_rows, put_day

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.manifest import Manifest
from phoenix_core.storage.lake import Lake
from phoenix_dagster.assets import catalog

TICKS = dg.AssetKey(["um", "btcusdt", "trade_ticks"])
NAMES = "agg_trades trade_ticks instrument volume_buckets"


@pytest.fixture
def made(server, make_defs, materialize, tmp_path):
    """A day up to buckets; give (lake, definitions)."""
    put_day(server.root, AGG_TRADES, AGG_HEADER + agg_rows(*((n, "69903.5", "5", n, "true") for n in range(1, 30))))
    defs = make_defs(tmp_path / "lake", server.url)
    assert materialize(defs, NAMES, partition_key=str(DAY)).success
    return Lake.at(tmp_path / "lake"), defs


def causes(instance, defs, key):
    graph = defs.resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    return [cause.category for cause in resolver.get_stale_causes(key, str(DAY))]


def other_code(monkeypatch):
    monkeypatch.setattr(catalog, "catalog_recipe", lambda *_: "of other code")


def test_the_code_version_of_a_day_is_its_recipe(made):
    """One digest in the UI and on the disk."""
    lake, defs = made
    graph = defs.resolve_asset_graph()
    for name in NAMES.split():
        entry = Manifest(lake).find(f"um/btcusdt/{name}", DAY)
        assert graph.get(dg.AssetKey(["um", "btcusdt", name])).code_version == entry.recipe
    assert all(graph.get(key).code_version for key in graph.materializable_asset_keys)


def test_the_ui_says_when_code_changed(made, make_defs, server, instance, monkeypatch):
    """On the asset whose code it is."""
    lake, defs = made
    assert causes(instance, defs, TICKS) == []
    other_code(monkeypatch)
    assert causes(instance, make_defs(lake.store.root, server.url), TICKS) == [StaleCauseCategory.CODE]
