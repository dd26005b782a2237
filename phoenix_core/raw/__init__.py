"""Verified zips as published, at the archive's own relative paths."""
