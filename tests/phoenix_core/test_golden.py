"""The bytes of one synthetic market, from catalog to report, as digests in `golden.json`.

Recipes say when our own code or settings changed. Whether new versions of libraries write other bytes is
decided here, once, when their pins are raised.
"""

import hashlib
import json
import shutil
from pathlib import Path

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.catalog.consistency import compare_day
from phoenix_core.manifest import Manifest, versions
from phoenix_core.report.folder import page_of
from phoenix_core.storage.digests import digest_of
from phoenix_core.storage.lake import Lake

GOLDEN = Path(__file__).with_name("golden.json")
# These name the code, which changes by itself, and the zips, whose bytes depend on the machine's zlib.
_LEFT_OUT = ("identity", "recipe", "inputs", "zips")


def found_digests(market, data: Path) -> dict[str, str]:
    """Digest of each product of the first day, and of a backtest of both with its report."""
    lake = Lake.at(shutil.copytree(market.lake.store.root, data))
    compare_day(lake, market.listing, market.days[0])
    experiment = Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[1])
    entry = publish(lake, run(lake, experiment), asset="um/btcusdt/backtest")
    document = json.loads(lake.store.path(entry.file).read_bytes())
    digests = {f"backtest/{name}": digest for name, digest in document["files"].items()}
    digests["backtest/experiment"] = digest_of({k: v for k, v in document.items() if k not in _LEFT_OUT})
    page = page_of(lake, entry.facts["folder"])
    for digest in (document["identity"], *document["zips"].values()):
        page = page.replace(digest, "digest")
    digests["report"] = hashlib.sha256(page.encode()).hexdigest()
    for key in Manifest(lake).recorded():
        made = Manifest(lake).find(*key)
        if key.day == str(market.days[0]) and not made.file.startswith("archive/"):
            digests[key.asset.rpartition("/")[2]] = made.data_version
    return dict(sorted(digests.items()))


def test_the_pinned_libraries_write_the_golden_bytes(market, tmp_path):
    """Every product from catalog to report, byte for byte; raw days are the publisher's."""
    found = found_digests(market, tmp_path / "data")
    golden = json.loads(GOLDEN.read_text())
    expected = golden["digests"]
    other = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    if other:
        renewed = tmp_path / GOLDEN.name
        renewed.write_text(json.dumps({"versions": dict(versions()), "digests": found}, indent=1) + "\n")
    assert not other, (
        f"Other bytes than the golden ones: {', '.join(other)}. Libraries then: {golden['versions']}, "
        f"now: {dict(versions())}. If Phoenix's code was changed on purpose, that is the reason: its recipes changed "
        "with it. If only a library is new, days on users' disks would stay as the old one wrote them: either pin "
        "the old version, or touch the code of these products so that their recipes change. Then, with a line in "
        f"CHANGELOG.md: cp {renewed} {GOLDEN}"
    )
