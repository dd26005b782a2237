"""Which tests run in one process, and which of them begin first.

A file's tests share what the file makes, so they stay together. Two files that rest on the same costly fixture are
together too, and tests that share nothing but are long go one by one.
"""

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

# Files that rest on one demo and on one UI over it.
TOGETHER = {"tests/end_to_end/test_demo.py": "demo", "tests/end_to_end/test_ui.py": "demo"}
# Each test of these makes all that it needs.
APART = {"tests/reliability/test_reliability.py"}
# The longest, measured: begun at the end they would keep one process at work when the others have nothing left.
LONGEST = (
    "end_to_end/test_docs.py", "end_to_end/test_orchestrator_faults.py", "end_to_end/test_range.py",
    "end_to_end/test_demo.py", "end_to_end/test_ui.py", "end_to_end/test_operation.py", "end_to_end/test_sensor.py",
    "end_to_end/test_workers.py", "end_to_end/test_wheel.py", "end_to_end/test_several_machines.py", "end_to_end/test_readme.py",
    "reliability/test_commands.py", "reliability/test_reliability.py", "phoenix_dagster/assets/test_stages.py",
)  # fmt: skip


class Scheduling(LoadScopeScheduling):
    """Whole files, but for those above."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in APART else TOGETHER.get(file, file)


def in_order(items: list[pytest.Item]) -> None:
    """Sort: the longest files first, then other slow ones, then the rest; within them as they were."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    ranks = {name: rank for rank, name in enumerate(LONGEST)}

    def rank(item: pytest.Item) -> tuple[int, bool]:
        name = item.nodeid.removeprefix("tests/").partition("::")[0]
        return ranks.get(name, len(ranks)), item.path not in slow

    items.sort(key=rank)


def processes(markers: str) -> int:
    """Two more than there are processors, since a whole product mostly waits; as many for what only computes."""
    found = len(os.sched_getaffinity(0))
    return found if "not slow" in markers else found + 2
