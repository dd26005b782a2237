"""Published zips as typed Polars batches, with every repaired or dropped row counted by a named rule."""
