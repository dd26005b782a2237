"""Where files are kept: the protocol of a store, the stores, and the data folder that every stage holds."""

from phoenix_core.storage.digests import canonical_json, digest_of, sha256_of
from phoenix_core.storage.lake import Lake

__all__ = ["Lake", "canonical_json", "digest_of", "sha256_of"]
