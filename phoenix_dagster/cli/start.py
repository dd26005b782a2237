"""Commands to start with: a demo, the UI, and the settings in force."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster import settings as environment


def demo(
    folder: Annotated[Path, typer.Option(help="Where to build it.")] = Path("demo"),
    days: Annotated[int, typer.Option(min=1, max=7, help="Days of the market.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the market.")] = 7,
) -> None:
    """Build a synthetic market, from archive to PnL, without a network."""
    from phoenix_dagster.operation.demo import run_demo  # noqa: PLC0415 - brings Dagster, --help need not wait for it

    run_demo(folder, days, seed, lambda line: print(line, flush=True))


def ui(
    folder: Annotated[Path | None, typer.Argument(help="Folder of a demo; without it: the environment's.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Open the Dagster UI, on a demo's folder or on your own data."""
    if folder is not None:
        folder = folder.expanduser().resolve()
        if not (folder / "dagster").is_dir():
            raise ConfigInvalid(f"{folder} is no demo's folder: expected one made by `phoenix demo`.")
        environment.export(environment.demo_environment(folder))
    environment.read_settings()
    command = [sys.executable, "-m", "dagster", "dev", "-m", "phoenix_dagster.definitions"]
    raise typer.Exit(subprocess.call([*command, "-h", "127.0.0.1", "-p", str(port)]))  # noqa: S603 - our own command


def settings() -> None:
    """Print the settings in force."""
    for name, value in environment.read_settings():
        shown = "set" if isinstance(value, SecretStr) else value
        text = ",".join(map(str, value)) if isinstance(value, tuple) else shown
        print(f"PHOENIX_{name.upper()}={'' if text is None else text}")
