"""The interval of a result over latencies and queue models."""

import json
import shutil
from decimal import Decimal

import pytest

from phoenix_core.backtest.envelope import FILE, Envelope, envelope, envelope_of, publish_envelope
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.report.folder import result_in
from phoenix_core.report.summary import Summary
from phoenix_core.storage.lake import Lake


def chosen(market, **venue):
    day = market.days[1]
    return Experiment.parse(
        listing="um:BTCUSDT", first=day, last=day, strategy={"lpi_entry_threshold": 0.7}, venue=venue
    )


@pytest.mark.slow
def test_it_holds_the_run_itself_and_every_other(market):
    """Three latencies by four queues; the first is the experiment's own, and no mix comes twice."""
    experiment = chosen(market)
    found = envelope(market.lake, experiment)
    mixes = [(one.latency_ms, one.queue) for one in found.cases]
    assert mixes[0] == (30.0, "none")
    assert sorted(mixes) == sorted(
        (latency, queue) for latency in (1.0, 30.0, 250.0) for queue in ("ignored", "none", "bounded", "proportional")
    )
    assert [one.is_own for one in found.cases] == [True] + [False] * 11
    nets = [Decimal(one.net) for one in found.cases]
    assert nets[0] == run(market.lake, experiment).ledger.parts.net
    assert (found.low, found.high) == (min(nets), max(nets))
    assert len(set(nets)) > 2


def test_an_own_latency_that_is_one_of_them_comes_once(market):
    """As does a queue that is ignored."""
    found = envelope(market.lake, chosen(market, order_latency_ms=1, queue_position=False))
    assert len({(one.latency_ms, one.queue) for one in found.cases}) == len(found.cases) == 8
    assert found.cases[0].queue == "ignored"


def test_without_quotes_it_is_that_of_the_intervals(market):
    """The queue is open in each of them; one without a bound leaves none."""
    found = envelope(market.lake, chosen(market, imply_quotes=True))
    assert [(one.latency_ms, one.queue) for one in found.cases] == [(30.0, "any"), (1.0, "any"), (250.0, "any")]
    assert found.low == min(Decimal(one.low) for one in found.cases) < Decimal(found.cases[0].net) < found.high
    unbounded = envelope(market.lake, chosen(market, imply_quotes=True, order_latency_spread_ms=1))
    assert (unbounded.low, unbounded.high, unbounded.excludes_zero) == (None, None, False)
    assert unbounded.told("USDT").endswith("net is unbounded")


@pytest.mark.slow
def test_it_lies_beside_its_result_and_its_report_says_it(market, tmp_path):
    """Another result does not show it, what was changed is an error, and other code or data is none of its result."""
    lake = Lake.at(shutil.copytree(market.lake.store.root, tmp_path / "data"))
    entry = publish(lake, run(lake, chosen(market, imply_quotes=True)), asset="um/btcusdt/backtest")
    document, folder = json.loads(lake.read(entry.file)), entry.facts["folder"]
    found = envelope_of(lake, document)
    assert publish_envelope(lake, document, found) == f"{folder}/{FILE}"
    result = result_in(lake, folder)
    assert result.envelope == found
    assert any("latencies of 1, 30, 250 ms" in notice.text for notice in Summary(result).notices())
    written = json.loads(lake.read(f"{folder}/{FILE}"))
    assert Envelope.parse(written) == found
    lake.write(f"{folder}/{FILE}", json.dumps(written | {"of": "another"}).encode())
    assert result_in(lake, folder).envelope is None
    lake.write(f"{folder}/{FILE}", json.dumps(written | {"cases": written["cases"][:1]}).encode())
    with pytest.raises(CatalogCorrupt, match="Run phoenix envelope again"):
        result_in(lake, folder)
    for changed in ({"recipe": "other"}, {"inputs": {}}):
        with pytest.raises(InputMissing, match="Materialize the backtest again"):
            envelope_of(lake, document | changed)
