"""The page of a backtest in a browser: wide and narrow, light and dark, sorted, chosen, printed; and alone."""

import dataclasses
from contextlib import closing

import pytest
from fakes.paths import ARTIFACTS
from fakes.results import made_up_result

from phoenix_core.report.page import report_page

TRIPS = 250

# Contrast of each visible text with what is painted behind it, by WCAG; the worst, and its text.
CONTRAST = """() => {
  const parts = (color) => { const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number); return {rgb: [r, g, b], a}; };
  const light = ({rgb}) => { const [r, g, b] = rgb.map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (element) => { for (let e = element; e; e = e.parentElement) {
    const paint = parts(getComputedStyle(e).backgroundColor); if (paint.a > 0) return paint; } return parts("rgb(255,255,255)"); };
  const ratio = (one, two) => { const [a, b] = [light(one), light(two)].sort((x, y) => y - x); return (a + .05) / (b + .05); };
  let worst = [21, ""];
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest("noscript, .unseen, template")) continue;
    const style = getComputedStyle(element), inChart = element.closest("svg");
    const found = ratio(parts(inChart ? style.fill : style.color), behind(element));
    if (found < worst[0]) worst = [found, texts.currentNode.data];
  }
  return worst;
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A synthetic result with 250 round trips, a changed parameter and a missing day."""
    result = made_up_result(
        nets=[(number * 37) % TRIPS - 100 for number in range(TRIPS)],
        equity=[100_000 + (number * 37) % 100 for number in range(600)],
        strategy={"lpi_entry_threshold": 0.5},
        missing={"2024-03-25": "um/btcusdt/signals was never materialized"},
        curve=[(power, str(100 * power - 7**power / 20), 1 / power, False) for power in range(4, 10)],
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_page(dataclasses.replace(result, is_synthetic=True)))
    return path


def opened(context, report):
    """The page with all charts drawn, and what it asked for or complained of beside itself."""
    tab, heard = context.new_page(), []
    tab.on("request", lambda request: heard.append(request.url))
    tab.on("console", lambda message: heard.append(message.text))
    tab.on("pageerror", lambda error: heard.append(str(error)))
    tab.goto(report.as_uri())
    tab.wait_for_selector("html[data-drawn=all]")
    return tab, heard


@pytest.fixture(scope="module")
def once(browser, report):
    """Opened once, since a browser takes a second for the library of charts."""
    with closing(browser.new_context(color_scheme="light")) as context:
        yield opened(context, report)


@pytest.fixture
def tab(once):
    """The page, wide and light."""
    tab, _ = once
    tab.set_viewport_size({"width": 1600, "height": 900})
    tab.emulate_media(color_scheme="light")
    return tab


DARK = "getComputedStyle(document.body).backgroundColor === 'rgb(15, 20, 25)'"
FITS = """() => document.documentElement.scrollWidth === innerWidth
  && [...document.querySelectorAll(".chart svg")].every((svg) => svg.getBoundingClientRect().right <= innerWidth)"""


@pytest.mark.parametrize("width", [1600, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_at_any_width_in_both_schemes(tab, width, scheme):
    """It changes while it is open; nothing overflows, and each text has a contrast of 4.5 or more."""
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme)
    tab.wait_for_function(FITS)
    assert tab.evaluate(DARK) == (scheme == "dark")
    worst, text = tab.evaluate(CONTRAST)
    assert worst >= 4.5, text


def test_a_telephone_at_night_asks_for_nothing_but_the_file(browser, report):
    """Opened narrow and dark all charts are drawn, without overflow, a request or a complaint."""
    with closing(browser.new_context(viewport={"width": 420, "height": 900}, color_scheme="dark")) as context:
        tab, heard = opened(context, report)
        tab.screenshot(path=ARTIFACTS / "report-420-dark.png", full_page=True)
        assert tab.locator("#panels .main-svg").count() >= 7
        assert tab.evaluate(FITS)
        worst, text = tab.evaluate(CONTRAST)
        assert worst >= 4.5, text
        assert heard == [report.as_uri()]


def column(tab, number):
    cells = tab.locator(f"section[aria-labelledby=round-trips] tbody tr td:nth-child({number})").all_text_contents()
    return [float(cell.replace(",", "")) for cell in cells]


def test_a_heading_sorts_all_rows(tab):
    """By mouse and by keyboard, up and down, those too that are not shown yet; all can be shown."""
    net = tab.locator("section[aria-labelledby=round-trips] th").nth(10)
    assert net.inner_text().startswith("net")
    net.get_by_role("button").click()
    assert net.get_attribute("aria-sort") == "ascending"
    assert column(tab, 11) == [float(net) for net in range(-100, 100)]
    tab.keyboard.press("Enter")
    assert net.get_attribute("aria-sort") == "descending"
    assert column(tab, 11)[:3] == [149, 148, 147]
    tab.get_by_role("button", name="Show all rows").click()
    assert column(tab, 11) == [float(net) for net in range(149, -101, -1)]
    opened_at = tab.locator("section[aria-labelledby=round-trips] th").first
    opened_at.get_by_role("button").click()
    assert net.get_attribute("aria-sort") is None
    assert column(tab, 11)[:2] == [-100, -63]


INK = "getComputedStyle(document.querySelector('#equity .xtick text')).fill"


def test_the_scheme_is_chosen_kept_and_given_up(browser, report):
    """Charts follow it; it is there again the next time; at the system's own nothing is kept."""
    with closing(browser.new_context(color_scheme="light")) as context:
        tab, heard = opened(context, report)
        light = tab.evaluate(INK)
        tab.get_by_role("button", name="Show in dark colours").click()
        assert tab.evaluate(INK) != light
        tab.reload()
        assert tab.evaluate("document.documentElement.dataset.scheme") == "dark"
        tab.wait_for_selector("html[data-drawn=all]")
        tab.get_by_role("button", name="Show in light colours").click()
        assert tab.evaluate(INK) == light
        assert tab.evaluate("localStorage.length") == 0
        assert set(heard) == {report.as_uri()}


def test_a_scheme_can_be_chosen_where_nothing_can_be_kept(browser, report):
    """Storage that refuses, as from file:// in some browsers, breaks nothing."""
    with closing(browser.new_context(color_scheme="light")) as context:
        context.add_init_script(
            "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no') }})"
        )
        tab, heard = opened(context, report)
        tab.get_by_role("button", name="Show in dark colours").click()
        assert tab.evaluate(DARK)
        assert heard == [report.as_uri()]


def test_a_round_trip_leads_to_its_time_in_every_chart(tab):
    """From ten minutes before it to ten after; a double click gives the whole time back."""
    ranges = "[...document.querySelectorAll('#panels .chart')].map((chart) => chart.layout.xaxis.range.map(Number))"
    whole = tab.evaluate(ranges)
    tab.get_by_role("button", name="2024-03-24 01:00:00", exact=True).click()
    start = 1_711_238_400_000 + 60 * 60_000
    wanted = [start - 600_000, start + 660_000]
    tab.wait_for_function(f"() => ({ranges}).every(([from, to]) => from === {wanted[0]} && to === {wanted[1]})")
    tab.locator("#equity .nsewdrag").first.dblclick()
    tab.wait_for_function(f"() => JSON.stringify({ranges}) === '{str(whole).replace(' ', '')}'")


def test_paper_is_white(tab):
    """Printed from the dark scheme charts have dark ink; afterwards all is as before."""
    tab.emulate_media(color_scheme="dark")
    tab.wait_for_function(f"() => {INK} === 'rgb(154, 168, 184)'")
    tab.evaluate(f"addEventListener('beforeprint', () => window.printed = {INK}, {{once: true}})")
    tab.pdf(path=ARTIFACTS / "report.pdf", format="A4")
    assert tab.evaluate("window.printed") == "rgb(86, 99, 115)"
    tab.wait_for_function(f"() => {INK} === 'rgb(154, 168, 184)'")
