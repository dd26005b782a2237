"""Results recomputed from the publisher's files by other means than those that made them."""
