"""Stand-ins for what Phoenix does not control."""
