"""What an experiment earns at other balances: runs of their own, kept beside the result that they belong to."""

import json
import shutil
from decimal import Decimal

import pytest

from phoenix_core.backtest.capacity_curve import BALANCES, capacity_curve, publish_curve
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import identity, publish
from phoenix_core.backtest.run import run
from phoenix_core.catalog.verification import Trouble, verify
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.report.folder import result_in
from phoenix_core.report.page import report_page
from phoenix_core.storage.digests import canonical_json, digest_of
from phoenix_core.storage.lake import Lake

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(market, tmp_path_factory):
    """A result over the second day, and its curve at three balances."""
    lake = Lake.at(shutil.copytree(market.lake.store.root, tmp_path_factory.mktemp("capacity") / "data"))
    chosen = Experiment.parse(listing="um:BTCUSDT", first=market.days[1], last=market.days[1])
    entry = publish(lake, run(lake, chosen), asset="um/btcusdt/backtest")
    document = json.loads(lake.store.path(entry.file).read_bytes())
    points = capacity_curve(lake, document, [Decimal("1e8"), Decimal(100_000), Decimal("1e6")])
    publish_curve(lake, document, points)
    return lake, entry.facts["folder"], document, points


def test_each_point_is_the_run_at_its_balance(made):
    """Smallest first; the one at the result's own balance is the result."""
    lake, _, document, points = made
    assert [one.balance for one in points] == ["100000", "1000000", "100000000"]
    assert (points[0].identity, points[0].net) == (document["identity"], document["parts"]["net"])
    big = Experiment.parse(**document["experiment"] | {"venue": {"starting_balance": 10**8}})
    result = run(lake, big)
    assert (points[2].identity, Decimal(points[2].net)) == (identity(result), result.ledger.parts.net)
    assert points[2].fills == result.fills.height


def test_more_money_gets_less_of_what_it_asks_for(made):
    """Shares of entries fall, shares of the market's volume rise, and a thousand times the money does not earn its thousand."""
    *_, points = made
    filled = [one.filled for one in points]
    assert 0 < filled[2] < filled[1] <= filled[0] <= 1
    assert points[0].share_worst < points[2].share_worst
    assert abs(Decimal(points[2].net)) < 1000 * abs(Decimal(points[0].net))


def test_the_curve_goes_from_ten_thousand_to_a_billion():
    """A point each power of ten."""
    assert [f"{one:f}" for one in BALANCES] == [f"{10**power}" for power in range(4, 10)]


def test_the_report_draws_it_and_nobody_minds_it(made):
    """Two charts and a table; the result is as whole as before."""
    lake, folder, _, points = made
    result = result_in(lake, folder)
    assert result.capacity == tuple(points)
    page = report_page(result)
    assert 'id="capacity-net"' in page
    assert 'id="capacity-share"' in page
    assert not [one for one in verify(lake) if one.trouble is not Trouble.HOLE]


def test_a_curve_of_another_result_is_not_shown(made, tmp_path):
    """Nor one that was altered, which is an error."""
    lake, folder, *_ = made
    copy = Lake.at(shutil.copytree(lake.store.root, tmp_path / "data"))
    path = copy.store.path(f"{folder}/capacity.json")
    curve = json.loads(path.read_bytes())
    path.write_bytes(canonical_json(curve | {"of": "0" * 64, "digest": digest_of(["0" * 64, curve["points"]])}))
    assert result_in(copy, folder).capacity == ()
    curve["points"][0]["net"] = "1000000"
    path.write_bytes(canonical_json(curve))
    with pytest.raises(CatalogCorrupt, match="phoenix capacity again"):
        result_in(copy, folder)
    path.write_text("{}")
    with pytest.raises(CatalogCorrupt, match="can't be read"):
        result_in(copy, folder)


def test_other_code_or_data_make_no_curve_of_this_result(made):
    """Its points would be those of another one."""
    lake, _, document, _ = made
    with pytest.raises(InputMissing, match="other code"):
        capacity_curve(lake, document | {"recipe": "0" * 64}, [Decimal(10_000)])
    other = document | {"inputs": document["inputs"] | {"um/btcusdt/depth@2024-03-25": "0" * 64}}
    with pytest.raises(InputMissing, match="other data"):
        capacity_curve(lake, other, [Decimal(10_000)])
