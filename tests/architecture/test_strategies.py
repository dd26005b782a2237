"""A strategy's own matters stand in its own folder."""

import re

from fakes.paths import ROOT

CORE = ROOT / "phoenix_core"
FOLDER = CORE / "strategies" / "phoenix"
# Of this strategy alone; the package's own name and the prefix of settings are not meant.
WORDS = re.compile(
    r"PhoenixStrategy|PhoenixConfig|strategies[./]phoenix|StrategyParameters|[Tt]he Phoenix strategy|lpi_entry_threshold|SignalSkipper"
)


def test_nothing_outside_its_folder_names_the_phoenix_strategy():
    """The default is found by its declaration."""
    others = [path for path in CORE.rglob("*.py") if FOLDER not in path.parents]
    assert len(others) > 50
    named = {str(path.relative_to(ROOT)): found for path in others if (found := WORDS.findall(path.read_text()))}
    assert named == {}


def test_the_words_are_found_where_they_belong():
    """Each in its folder, or the test above could not fail."""
    text = "".join(path.read_text() for path in FOLDER.glob("*.py"))
    for word in (
        "PhoenixStrategy",
        "PhoenixConfig",
        "strategies.phoenix",
        "StrategyParameters",
        "The Phoenix strategy",
        "lpi_entry_threshold",
        "SignalSkipper",
    ):
        assert word in text
