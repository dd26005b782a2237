"""What starts runs by itself, or tells of them: sensors, schedules, freshness, and jobs for the launchpad."""
