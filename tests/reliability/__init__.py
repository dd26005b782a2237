"""Faults injected and counted: kills, flips, garbage, writers at once."""
