"""Digests, and the one way in which values become bytes."""

import hashlib
import json
from pathlib import Path
from typing import Any


def sha256_of(content: Path | bytes) -> str:
    """SHA-256 of a file or of bytes, in lower-case hexadecimal."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Write JSON so that equal values are equal bytes."""
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def digest_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """SHA-256 of a JSON value."""
    return sha256_of(canonical_json(value))
