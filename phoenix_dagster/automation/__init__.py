"""What starts runs by itself: the ingestion sensor, conditions, schedules, and jobs for the launchpad."""
