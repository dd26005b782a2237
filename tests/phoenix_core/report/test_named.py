"""Which result people mean."""

import os

import pytest

from phoenix_core.errors import ConfigInvalid, InputMissing
from phoenix_core.report.named import result_named

DOCUMENTS = ("experiment.json", "portfolio.json")
ONE, LONGER, OTHER = (
    f"backtests/{name}" for name in ("ab12cd34ef56/2024-03-24", "ab12cd34ef56/2024-03-24_2024-03-25", "ab99/2024-03-24")
)


@pytest.fixture
def results(lake):
    """Two ranges of one experiment, and a portfolio, which was written last."""
    for number, file in enumerate((f"{ONE}/experiment.json", f"{LONGER}/experiment.json", f"{OTHER}/portfolio.json")):
        lake.write(file, b"{}")
        os.utime(lake.store.root / file, ns=(number, number))
    lake.write(f"{ONE}/report.html", b"")
    return lake


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("", OTHER),
        ("ab9", OTHER),
        ("ab99/2024-03-24", OTHER),
        ("ab1/2024-03-24_", LONGER),
        ("ab12cd34ef56/2024-03-24", ONE),
        (ONE, ONE),
        ("backtests/none/2024-03-24", "backtests/none/2024-03-24"),  # whoever reads it says that it is not there
    ],
)
def test_a_folder_or_the_beginning_of_its_name(results, given, meant):
    """A full path is a folder, too."""
    assert result_named(results, given, DOCUMENTS) == meant
    if given == ONE:
        assert result_named(results, results.address(given), DOCUMENTS) == meant


def test_what_may_be_several_names_them(results):
    """Whether it is the experiment or the range that is not said."""
    with pytest.raises(ConfigInvalid, match=rf"a may be any of {ONE}, {LONGER}, {OTHER}: give more"):
        result_named(results, "a", DOCUMENTS)
    with pytest.raises(ConfigInvalid, match=r"such as ab12cd34ef56/2024-03-24\."):
        result_named(results, "ab12cd34ef56", DOCUMENTS)


def test_what_is_not_there_is_said(results):
    """Also where only a portfolio is, and a backtest is asked for."""
    with pytest.raises(InputMissing, match="begins with ab99"):
        result_named(results, "ab99", ("experiment.json",))


def test_nothing_at_all(lake):
    """The remedy is to materialize something."""
    with pytest.raises(InputMissing, match="materialize one first"):
        result_named(lake, "", DOCUMENTS)
