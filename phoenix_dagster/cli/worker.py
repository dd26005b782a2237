"""The command that does runs of a hub on this host."""

from typing import Annotated

import typer


def worker(
    runs: Annotated[int, typer.Option(min=1, max=256, help="Runs at once, each in a process of its own.")] = 1,
) -> None:
    """Do runs of a hub on this host, until Ctrl-C; started runs are finished first."""
    from phoenix_dagster.operation.worker import work  # noqa: PLC0415 - --help need not wait for it
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - as above

    raise typer.Exit(work(read_settings(), runs, lambda line: print(line, flush=True)))
