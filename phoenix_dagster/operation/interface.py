"""The Dagster UI on a folder: where its home is, and that its `dagster.yaml` is one that this version can start."""

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster import settings as environment
from phoenix_dagster.deployment.home import command, is_home, refresh_dagster_yaml

Say = Callable[[str], None]
_WORKSPACE = "workspace.several.yaml"


def serve(folder: Path | None, port: int, say: Say) -> int:
    """Run `dagster dev` on 127.0.0.1 until it ends, and give its exit code.

    Args:
        folder: A home, a demo's folder, or None for the current folder and its environment.
        port: The webserver's.
        say: Prints a line.

    Raises:
        ConfigInvalid: The folder is neither, or a setting is wrong.
    """
    folder = folder.expanduser().resolve() if folder else None
    # Dagster's commands and Phoenix's settings read the `.env` of the current folder, so it has to be the right one.
    with contextlib.chdir(_existing(folder) if folder else Path.cwd()):
        _choose_home(folder, say)
        chosen = environment.read_settings()
        command_line = [sys.executable, "-m", "dagster", "dev", *_loaded(chosen, say)]
        return subprocess.call([*command_line, "-h", "127.0.0.1", "-p", str(port)])  # noqa: S603 - our own command


def _loaded(chosen: environment.Settings, say: Say) -> list[str]:
    """Options that name the code locations: one, or a written workspace of several where there are many symbols."""
    if len(chosen.symbols) <= chosen.symbols_per_location:
        return ["-m", "phoenix_dagster.definitions"]
    from phoenix_dagster.locations import names, workspace  # noqa: PLC0415 - brings Dagster

    path = environment.dagster_home() / _WORKSPACE
    path.write_text(workspace(chosen), encoding="utf-8")
    say(f"{len(chosen.symbols)} symbols in {len(names(chosen))} code locations: {path}")
    return ["-w", str(path)]


def _existing(folder: Path) -> Path:
    if not is_home(folder) and not (folder / "dagster").is_dir():
        raise ConfigInvalid(
            f"{folder} is neither a demo's folder nor a home: expected one made by `{command('phoenix demo')}` or by "
            f"`{command('phoenix init FOLDER')}`."
        )
    return folder


def _choose_home(folder: Path | None, say: Say) -> None:
    """Set DAGSTER_HOME, and refresh the `dagster.yaml` there if Phoenix wrote it."""
    if folder and not is_home(folder):
        environment.export(environment.demo_environment(folder))
    home = environment.dagster_home()
    if not home.is_dir():
        raise ConfigInvalid(
            f"DAGSTER_HOME is {home}, which is no folder: correct it in {Path.cwd() / '.env'} or unset it."
        )
    if (home / "dagster.yaml").is_file():
        environment.export({"DAGSTER_HOME": str(home)})
    demo = folder is not None and home.parent == folder
    if (is_home(home) or demo) and (told := refresh_dagster_yaml(home)):
        say(told)
