"""Where days come from. A source knows its own layout; what it gives is the same for all that follows."""
