"""Commands to start with: a demo, the UI, and the settings in force."""

from pathlib import Path
from typing import Annotated

import typer

from phoenix_dagster.cli.options import Json
from phoenix_dagster.cli.output import print_document


def demo(
    folder: Annotated[Path, typer.Option(help="Where to build it.")] = Path("demo"),
    days: Annotated[int, typer.Option(min=1, max=7, help="Days of the market.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the market.")] = 7,
) -> None:
    """Build a synthetic market, from archive to PnL, without a network."""
    from phoenix_dagster.operation.demo import run_demo  # noqa: PLC0415 - brings Dagster, --help need not wait for it

    run_demo(folder, days, seed, lambda line: print(line, flush=True))


def ui(
    folder: Annotated[Path | None, typer.Argument(help="A home or a demo's folder. Default: the current one.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Open the Dagster UI on a home, on a demo's folder or on your own data."""
    from phoenix_dagster.operation.interface import serve  # noqa: PLC0415 - --help need not wait for it

    raise typer.Exit(serve(folder, port, lambda line: print(line, flush=True)))


def workspace() -> None:
    """Print a workspace.yaml with all symbols, in code locations of PHOENIX_SYMBOLS_PER_LOCATION."""
    from phoenix_dagster.locations import workspace as written  # noqa: PLC0415 - --help need not wait for it
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - brings pydantic

    print(written(read_settings()), end="")


def settings(*, as_json: Json = False) -> None:
    """Print the settings in force."""
    from pydantic import SecretStr  # noqa: PLC0415 - as above

    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - as above

    found = {name: "set" if isinstance(value, SecretStr) else value for name, value in read_settings()}
    if as_json:
        texts = {
            name: [str(one) for one in value] if isinstance(value, tuple) else value for name, value in found.items()
        }
        print_document(texts)
        return
    for name, value in found.items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else value
        print(f"PHOENIX_{name.upper()}={'' if text is None else text}")
