"""What PHOENIX_SYMBOLS may say: symbols, files, patterns among a file's symbols."""

import pytest

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.symbols import blocks_of, listings_of

TEXT = """\ufeffum:BTCUSDT  # the first
\t
# a line of its own
um:ETHBTC
spot:BTCUSDT\r
um:ETHUSDT
um:BTCUSDT
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    (tmp_path / "symbols.txt").write_bytes(TEXT.encode())
    monkeypatch.chdir(tmp_path)
    return "@symbols.txt"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{file}", "um:BTCUSDT um:ETHBTC spot:BTCUSDT um:ETHUSDT"),
        ("cm:BTCUSD_PERP,{file}", "cm:BTCUSD_PERP um:BTCUSDT um:ETHBTC spot:BTCUSDT um:ETHUSDT"),
        ("{file},um:*USDT", "um:BTCUSDT um:ETHUSDT"),
        ("um:*USDT,{file}", "um:BTCUSDT um:ETHUSDT"),
        ("{file},*:BTC????", "um:BTCUSDT spot:BTCUSDT"),
        ("{file},um:[A-D]*,spot:*", "um:BTCUSDT spot:BTCUSDT"),
        ("{file},um:E*,cm:BTCUSD_PERP", "um:ETHBTC um:ETHUSDT cm:BTCUSD_PERP"),
        ("", ""),
    ],
)
def test_files_and_patterns_choose(file, text, expected):
    """A file's symbols in its order, each once; where there are patterns, those that match one."""
    assert " ".join(map(str, listings_of(text.format(file=file)))) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@nowhere.txt", "names the file nowhere.txt: No such file"),
        ("@.", "names the file .: Is a directory"),
        ("um:*USDT", "'um:\\*USDT', which matches no symbol"),
        ("{file},um:*USDC", "'um:\\*USDC', which matches no symbol"),
        ("{file},um:*,cm:*", "'cm:\\*', which matches no symbol"),
    ],
)
def test_what_chooses_nothing_is_refused(file, text, message):
    """A file that is not there, a pattern that nothing matches: by name, since silence would take fewer symbols."""
    with pytest.raises(ConfigInvalid, match=message):
        listings_of(text.format(file=file))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"um:BTCUSDT\num:btcusdt\n", "symbols.txt, line 2: "), (b"\xff\xfeu\x00m\x00", "no UTF-8 text")],
)
def test_a_line_that_is_no_symbol_is_named(file, tmp_path, content, message):
    """File, line, and what was expected."""
    (tmp_path / "symbols.txt").write_bytes(content)
    with pytest.raises(ConfigInvalid, match=message):
        listings_of(file)


def test_a_symbol_at_the_end_moves_no_other(file):
    """Code locations keep their symbols, and with them what their sensors know."""
    listings = listings_of(file)
    before, after = blocks_of(listings[:3], 2), blocks_of(listings, 2)
    assert [len(block) for block in before] == [2, 1]
    assert after[0] == before[0]
    assert after[1] == (*before[1], listings[3])
