import pytest

from phoenix_core.errors import ChecksumMismatch
from phoenix_core.sources.binance.checksums import sha256_from_sidecar

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize("text", [f"{DIGEST}  a.zip", f"{DIGEST}  a.zip\n", f"{DIGEST.upper()}  a.zip\r\n", DIGEST])
def test_the_first_token_counts(text):
    """With or without a final newline, in either case."""
    assert sha256_from_sidecar(text, "a.zip") == DIGEST


@pytest.mark.parametrize("text", ["", "\n", "not found", f"{DIGEST[:-1]}  a.zip", f"{DIGEST}  b.zip"])
def test_anything_else_is_refused(text):
    """An empty sidecar, a short digest and the checksum of another file are errors."""
    with pytest.raises(ChecksumMismatch, match=r"a\.zip"):
        sha256_from_sidecar(text, "a.zip")
