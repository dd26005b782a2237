"""The page of an inventory."""

from html.parser import HTMLParser

from phoenix_core.sources.local_tree.document import document_of
from phoenix_core.sources.local_tree.inventory import take_inventory
from phoenix_core.sources.local_tree.page import page_of


class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_the_page_shows_every_holding_and_needs_nothing_else(real_files):
    """One row a holding; no script, no link, no picture."""
    inventory = take_inventory(real_files)
    seen = Seen()
    seen.feed(page_of(document_of(inventory)))
    tags = [tag for tag, _ in seen.tags]
    assert tags.count("tr") == len(inventory.holdings) + 1
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert "4307082974693" in seen.text or "3319366863672" in seen.text


def test_names_from_the_disk_are_text_and_never_markup(tmp_path):
    """A file called <script> stays text."""
    (tmp_path / "<script>alert(1)<").mkdir()
    (tmp_path / "<script>alert(1)<" / "BTCUSDT-trades-2024-03-30.csv").write_bytes(b"")
    page = page_of(document_of(take_inventory(tmp_path)))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;" in page
