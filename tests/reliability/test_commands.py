"""A command that was killed twice just works the third time."""

from reliability import commands


def test_a_command_killed_twice_ends_with_the_same_bytes(tmp_path):
    """The shell's range run and `phoenix run`, whatever was at work when they were killed."""
    for found in commands.killed(tmp_path, count=1, seed=1):
        assert (found.rounds, found.kills) == (1, 2)
        assert not found.failures, found
