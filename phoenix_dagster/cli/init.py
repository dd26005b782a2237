"""The command that makes a home: a folder with settings, to start from."""

import shlex
from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(help="A new folder, or one that is to become a home.")],
) -> None:
    """Write a home: settings to fill in, and what Dagster needs. Nothing that is there is overwritten."""
    from phoenix_dagster.deployment.home import command, make_home  # noqa: PLC0415 - --help need not wait for it

    home = folder.expanduser().resolve()
    written = make_home(home)
    print(f"{home}: {'wrote ' + ', '.join(written) if written else 'is a home already, nothing to write'}")
    if home != Path.cwd():
        print(f"  cd {shlex.quote(str(folder.expanduser()))}")
    print(f"  {command('phoenix settings')}   # what is in force; change it in .env")
    print(f"  {command('phoenix ui')}   # the Dagster UI on it")
