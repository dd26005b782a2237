"""Digests, and values as bytes."""

import pytest

from phoenix_core.storage.digests import canonical_json, digest_of, sha256_of

# printf abc | sha256sum
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_json_is_canonical():
    """Equal values are equal bytes, in any order."""
    assert canonical_json({"b": 1, "a": [1, 2]}) == canonical_json({"a": [1, 2], "b": 1})
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1})


@pytest.mark.parametrize("in_file", [True, False])
def test_a_digest_is_the_one_of_sha256sum(tmp_path, in_file):
    """Of a file and of bytes alike."""
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_of(path if in_file else b"abc") == ABC
