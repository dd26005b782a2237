"""The Phoenix strategy: its parameters, its decisions, and what it declares of itself."""
