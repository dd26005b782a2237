"""What Python runs first where this folder is on PYTHONPATH: Dagster's daemon looks for backfills every five seconds.

It does so every thirty, which no setting changes: a test of a backfill would wait a minute for nothing.
"""

import sys

if "dagster._daemon" in sys.orig_argv or any(word.endswith("dagster-daemon") for word in sys.orig_argv):
    from dagster._daemon import controller

    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 5
