"""One experiment over a range of days: ticks replayed, costs charged, every cent accounted for."""
