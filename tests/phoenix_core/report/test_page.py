import dataclasses
import re
from html.parser import HTMLParser

import pytest
from fakes.results import made_up_result

from phoenix_core.report.page import report_page


class Reader(HTMLParser):
    """Tables by caption, as rows of text; addresses; what is marked; and which elements are left open."""

    def __init__(self, page):
        super().__init__()
        self.open, self.addresses, self.tables, self.marked = [], [], {}, []
        self._caption, self._text = "", ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.addresses += [given[name] for name in ("src", "href", "action", "srcset") if name in given]
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)
        if tag == "tr":
            self.tables.setdefault(self._caption, []).append([])
            if given.get("class") == "differs":
                self.marked.append(self.tables[self._caption][-1])
        self._text = ""

    def handle_data(self, data):
        self._text += data

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "caption":
            self._caption = self._text
        if tag in {"td", "th"}:
            self.tables[self._caption][-1].append(self._text)


@pytest.fixture(scope="module")
def page():
    result = made_up_result(
        nets=[1, -2, 3], strategy={"lpi_entry_threshold": 0.5}, missing={"2024-03-25": "<b> & nothing"}
    )
    return report_page(dataclasses.replace(result, is_synthetic=True))


def test_the_page_is_whole_and_asks_for_nothing(page):
    """Every element is closed, none has an address, and the policy of the page forbids to fetch anything."""
    read = Reader(page)
    assert (read.open, read.addresses) == ([], [])
    assert "default-src 'none'" in page
    assert "connect-src" not in page


def test_text_is_escaped(page):
    """A reason can't write HTML."""
    assert "&lt;b&gt; &amp; nothing" in page
    assert Reader(page).tables["Missing days"][1][-1] == "<b> & nothing"


def test_a_result_can_not_end_the_script_it_stands_in():
    """Nor begin one: what stands in the data of the charts is inert."""
    result = made_up_result(nets=[1])
    fills = result.fills.with_columns(why=pytest.importorskip("polars").lit("</script><script>alert(1)</script>"))
    page = report_page(dataclasses.replace(result, fills=fills))
    assert "alert(1)" in page
    assert "<script>alert" not in page


def test_what_differs_from_the_default_is_marked(page):
    """Value and default side by side, and in a sentence; no other parameter is marked."""
    assert Reader(page).marked == [["lpi_entry_threshold", "0.5", "0.75", "Enter when LPI is above."]]
    assert "lpi_entry_threshold = 0.5 (0.75)" in page


def test_digests_are_folded_away(page):
    """They stand within details that are closed."""
    before, folded = page.split("<details>")
    assert "a" * 64 not in before
    assert folded.count("a" * 64) == folded.count("b" * 64) == folded.count("c" * 64) == 1


def test_the_same_result_is_the_same_page(page):
    """Byte for byte."""
    assert report_page(made_up_result(nets=[1])) == report_page(made_up_result(nets=[1]))


def test_no_interval_is_made_up(page):
    """Of one day there is a sentence and no table; of thirty there are both."""
    assert "No interval can be given: 1 day, at least 20 are needed." in page
    assert "Intervals" not in Reader(page).tables
    equity = [100_000 + 100 * ((number * 7) % 5) for number in range(30 * 24)]
    found = Reader(report_page(made_up_result(nets=[1], equity=equity, every_ns=3_600 * 10**9)))
    assert found.tables["Intervals"][0] == ["figure", "value", "95% interval"]
    assert [row[0] for row in found.tables["Intervals"][1:3]] == ["Sharpe", "max drawdown"]


def test_capacity_is_shown_where_it_was_computed(page):
    """A heading over nothing otherwise."""
    assert "Capacity" not in Reader(page).tables
    found = Reader(report_page(made_up_result(nets=[1], curve=((4, "5", 1.0, False), (9, "-7", 0.1, False)))))
    assert [row[0] for row in found.tables["Capacity"]] == ["USDT", "10,000", "1,000,000,000"]
    assert found.open == []


def test_made_up_data_is_told_before_any_figure(page):
    """And on no other page."""
    assert page.index("Synthetic data") < page.index("Net PnL")
    assert "Synthetic data" not in report_page(made_up_result())


def test_a_page_without_a_trade_says_so():
    """No table of trips, no signals, no missing days, and no heading over nothing."""
    page = report_page(made_up_result())
    read = Reader(page)
    assert "None was made." in page
    assert not {"Round trips", "Missing days"} & set(read.tables)
    assert not re.search(r'id="(signals|distribution)"', page)
