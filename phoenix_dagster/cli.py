"""The command line, thin: errors are one line and exit code 2. The rest is in `commands` and `questions`."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from phoenix_core.errors import ConfigInvalid, PhoenixError
from phoenix_dagster import commands as commands_of_data
from phoenix_dagster import questions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except PhoenixError as error:
        print(f"phoenix: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="phoenix", description="Tick data and backtests on Dagster.")
    commands = parser.add_subparsers(required=True, metavar="command")

    demo = commands.add_parser("demo", help="a synthetic market from archive to PnL, without a network")
    demo.add_argument("--folder", type=Path, default=Path("demo"), help="where to build it (default: demo)")
    demo.add_argument("--days", type=int, default=5, choices=range(1, 8), help="days of the market (default: 5)")
    demo.add_argument("--seed", type=int, default=7, help="seed of the market (default: 7)")
    demo.set_defaults(run=_demo)

    ui = commands.add_parser("ui", help="open the Dagster UI, on a demo's folder or on your own data")
    ui.add_argument("folder", type=Path, nargs="?", help="folder of a demo; without it: the environment's")
    ui.add_argument("--port", type=int, default=3000, help="port on 127.0.0.1 (default: 3000)")
    ui.set_defaults(run=_ui)

    commands_of_data.add_to(commands)
    questions.add_to(commands)

    shown = commands.add_parser("settings", help="print the settings in force")
    shown.set_defaults(run=_settings)
    return parser


def _demo(chosen: argparse.Namespace) -> int:
    from phoenix_dagster.demo import run_demo  # noqa: PLC0415 - brings Dagster, which --help need not wait for

    run_demo(chosen.folder, chosen.days, chosen.seed, lambda line: print(line, flush=True))
    return 0


def _ui(chosen: argparse.Namespace) -> int:
    from phoenix_dagster import settings  # noqa: PLC0415 - as above

    if chosen.folder is not None:
        folder = chosen.folder.expanduser().resolve()
        if not (folder / "dagster").is_dir():
            raise ConfigInvalid(f"{folder} is no demo's folder: expected one made by `phoenix demo`.")
        settings.export(settings.demo_environment(folder))
    settings.read_settings()
    command = [sys.executable, "-m", "dagster", "dev", "-m", "phoenix_dagster.definitions"]
    return subprocess.call([*command, "-h", "127.0.0.1", "-p", str(chosen.port)])  # noqa: S603 - our own command


def _settings(chosen: argparse.Namespace) -> int:
    del chosen
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - as above

    for name, value in read_settings():
        shown = "set" if name == "postgres_url" and value else value
        text = ",".join(map(str, value)) if isinstance(value, tuple) else shown
        print(f"PHOENIX_{name.upper()}={'' if text is None else text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
