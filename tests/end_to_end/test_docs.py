"""The pages of docs/: what they tell a reader to do, done, and the site that is made of them."""

import re
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from fakes.documents import as_script, executed_blocks, run_script
from fakes.paths import ARTIFACTS, ROOT

DOCS = ROOT / "docs"
FIRST_STEPS = "first-steps.md"
PAGES = {
    str(page.relative_to(DOCS)): blocks
    for page in sorted(DOCS.rglob("*.md"))
    if (blocks := executed_blocks(page, "test_docs.py"))
}


@pytest.fixture(scope="module")
def beginner(tmp_path_factory):
    """The folder of somebody who has taken the first steps."""
    folder = tmp_path_factory.mktemp("beginner")
    done = run_script(folder, as_script(PAGES[FIRST_STEPS]))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "nothing of it is real" in done.stdout
    assert "aggressor_side" in done.stdout
    return folder


def test_pages_have_commands():
    """The first steps and each how-to page show something that is executed here."""
    assert set(PAGES) == {FIRST_STEPS, *(f"how-to/{page.name}" for page in (DOCS / "how-to").glob("*.md"))}


@pytest.mark.parametrize("page", [page for page in PAGES if page != FIRST_STEPS])
def test_every_block_of_a_page_works(beginner, page):
    """After the first steps, without a network: each command ends well."""
    done = run_script(beginner, as_script(PAGES[page]))
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-3000:]}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built strictly."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    done = subprocess.run([*command, "-d", folder / "doctrees", DOCS, folder / "html"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "html"


def test_what_is_declared_is_in_the_reference(site):
    """Settings, commands and parameters are derived; no comment is left that was to be filled in."""
    for page, words in {
        "settings": ["PHOENIX_ARCHIVE_URL", "1 to 60"],
        "commands": ["phoenix init", "--newest-first"],
        "parameters": ["lpi_entry_threshold", "vol_bucket_size", "order_latency_ms"],
        "python": ["phoenix_core.catalog.store.read_day", "CatalogCorrupt"],
    }.items():
        text = re.sub(r"<[^>]+>", "", (site / "reference" / f"{page}.html").read_text())
        assert all(word in text for word in words), page
    assert not re.search(
        r"<!-- (settings|commands|\w+ parameters) -->", "".join(page.read_text() for page in site.rglob("*.html"))
    )


def test_the_site_needs_no_network(site, browser):
    """A page and a search ask nobody but the server of the site, light, dark and narrow."""
    handler = partial(QuietHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}/"
        for scheme, width in (("light", 1400), ("dark", 420)):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 1000})
            tab, outside = context.new_page(), []
            context.route(re.compile(f"^(?!{re.escape(here)})"), partial(refused, outside))
            failed = []
            tab.on("requestfailed", lambda request, failed=failed: failed.append(request.url))
            for name in ("index", "first-steps", "reference/settings", "reference/python"):
                tab.goto(f"{here}{name}.html", wait_until="load")
                tab.screenshot(path=ARTIFACTS / f"docs-{name.replace('/', '-')}-{scheme}-{width}.png")
                assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, width)
            tab.goto(f"{here}search.html?q=postgresql", wait_until="load")
            tab.locator("#search-results li a", has_text="Move to PostgreSQL").first.wait_for(timeout=20_000)
            assert (outside, failed) == ([], [])
            context.close()
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


def refused(outside, route):
    outside.append(route.request.url)
    route.abort()
