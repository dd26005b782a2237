"""The picture that the UI shows in place: always short enough, and true to the curve."""

import re
import xml.etree.ElementTree as ET
from urllib.parse import unquote

import polars as pl
import pytest

from phoenix_core.report.overview import overview

MINUTE = 60 * 10**9
START = 1_711_238_400 * 10**9
SVG = "{http://www.w3.org/2000/svg}"


def curve(*equity, every=MINUTE):
    return pl.DataFrame(
        {"ts": [START + n * every for n in range(len(equity))], "equity": [float(one) for one in equity]}
    )


def picture(equity, fills=()):
    """The image behind the Markdown, as an element."""
    text = overview(equity, pl.Series(fills, dtype=pl.Int64), "USDT")
    address = re.fullmatch(r"!\[equity, fills and drawdown\]\(<data:image/svg\+xml,([^<>#\n]+)>\)", text)
    assert len(text) < 1_000
    return ET.fromstring(unquote(address[1]))  # noqa: S314 - our own


def texts(image):
    return [one.text for one in image.iter(f"{SVG}text")]


def rows(path):
    """Heights of the corners of a path of M, h and l commands."""
    y = int(re.match(r"M0 (\d+)", path)[1])
    heights = [y]
    for numbers in re.findall(r"l([^h]*)", path):
        for down in re.findall(r"-?\d+", numbers)[1::2]:
            y += int(down)
            heights.append(y)
    return heights


@pytest.mark.parametrize("length", [1, 2, 1_440, 500_000])
@pytest.mark.parametrize("fills", [0, 3, 5_000])
def test_it_is_short_whatever_was_traded(length, fills):
    """A zigzag of any length with thousands of fills stays below a thousand characters, and is an image."""
    zigzag = curve(*((100_000 + (n * 7_919) % 997) for n in range(length)))
    image = picture(zigzag, [START + (n * length * MINUTE) // (fills + 1) for n in range(fills)])
    assert image.tag == f"{SVG}svg"
    assert texts(image)[-1].endswith(f", {fills} fills")


def test_its_words_are_the_extremes():
    """Lowest and highest equity, deepest drawdown, both ends, also when a single minute has them."""
    values = [100_000.0] * 3_000
    values[1_234], values[2_345] = 80_000.0, 160_000.0
    assert texts(picture(curve(*values), [START])) == [
        "equity 80,000 to 160,000 USDT",
        "drawdown 37.50%",
        "2024-03-24 00:00 UTC to 2024-03-26 01:59 UTC, 1 fills",
    ]


def test_a_rise_goes_up_and_a_fall_comes_down():
    """The curve starts at the bottom, is highest in its middle and ends half-way; the drawdown ends deepest."""
    up, down = range(100, 200), range(200, 150, -1)
    equity, _, drawdown = (path.get("d") for path in picture(curve(*up, *down)).iter(f"{SVG}path"))
    assert rows(equity)[0] in (77, 78)  # of its first stretch the last
    assert min(rows(equity)) == 18
    assert rows(equity)[-1] in range(46, 50)
    assert (rows(drawdown)[0], rows(drawdown)[-1]) == (114, 138)


def test_nothing_that_happened_is_a_level_line():
    """No division by an equity that never changes."""
    paths = [path.get("d") for path in picture(curve(100, 100, 100)).iter(f"{SVG}path")]
    assert [re.sub(r"\d+", "n", path) for path in paths] == ["Mn nhn", "", "Mn nhn"]
