"""Reading `.CHECKSUM` sidecars."""

import re

from phoenix_core.errors import ChecksumMismatch

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def sha256_from_sidecar(text: str, zip_name: str) -> str:
    """Read the digest from a sidecar: `<64 hex>  <zip name>`, with or without a final newline.

    >>> sha256_from_sidecar("a" * 64 + "  x.zip", "x.zip") == "a" * 64
    True

    Raises:
        ChecksumMismatch: Not a digest, or the digest of another file.
    """
    tokens = text.split()
    if not tokens or not _SHA256.fullmatch(tokens[0]) or (len(tokens) > 1 and tokens[1] != zip_name):
        raise ChecksumMismatch(
            f"The checksum of {zip_name} can't be used: expected 64 hexadecimal digits and {zip_name!r}, "
            f"found {text[:120]!r}. Look at the archive in a browser; if it has been mended, run again."
        )
    return tokens[0].lower()
