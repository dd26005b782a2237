"""The commands by name, and what all of them have in common: exit codes, errors of one line, `--version`."""

import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from phoenix_core.errors import PhoenixError
from phoenix_dagster.cli import (
    backfill,
    data,
    folders,
    init,
    migrate,
    portfolio,
    results,
    revise,
    run,
    start,
    sweep,
    universe,
    verify,
    worker,
)
from phoenix_dagster.deployment.garbage import skip_last_collection

_BROKEN_PIPE = 128 + signal.SIGPIPE

app = typer.Typer(
    name="phoenix",
    help="Tick data and backtests on Dagster.",
    epilog="Exit codes: 0 done, 1 a finding or a failed day, 2 a wrong call or an error, 130 interrupted, "
    "141 the reader of a pipe went away.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command()(init.init)
app.command()(start.demo)
app.command()(start.ui)
app.command()(start.settings)
app.command()(start.workspace)
app.command()(data.plan)
app.command()(run.run)
app.command()(backfill.backfill)
app.command()(worker.worker)
app.command()(data.inventory)
app.command()(folders.adopt)
app.command("migrate-data")(migrate.migrate_data)
app.command()(universe.universe)
app.command()(verify.verify)
app.command()(data.doctor)
app.command()(sweep.sweep)
app.command()(revise.revise)
app.command()(portfolio.portfolio)
app.command()(results.lookahead)
app.command()(results.implied)
app.command()(results.envelope)
app.command()(results.capacity)
app.command()(results.compare)
app.command()(results.report)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - for this option alone

        print(f"phoenix {version('phoenix')}")
        raise typer.Exit


@app.callback()
def common(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Tick data and backtests on Dagster."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code; whatever a user can do wrong ends as one line on stderr.

    Codes are those that `phoenix --help` lists.
    """
    skip_last_collection()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without a letter shows its code instead
    try:
        code = _run(arguments)
        if sys.stdout is not None:  # closed by the caller: `phoenix … >&-`
            sys.stdout.flush()  # here, or Python fails at its very end, with a traceback and code 120
    except BrokenPipeError:
        _drop_output()
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except PhoenixError as error:
        return _refuse(str(error))
    except OSError as error:
        return _failed_file(error)
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        app(arguments, prog_name="phoenix")
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # Typer makes a 1 of it, as of a finding
            raise ended.__context__ from None
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def _failed_file(error: OSError) -> int:
    """Say which file failed; one without a name is the output, on a full disk for example."""
    if error.errno is None:  # not the operating system's: a library's own error that inherits OSError
        raise error
    if error.filename is None:
        _drop_output()
    return _refuse(f"{error.filename or 'The output'} can't be used: {error.strerror}.")


def _refuse(message: str) -> int:
    with suppress(OSError):  # stderr is gone too, and the exit code says it
        print(f"phoenix: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _drop_output() -> None:
    """Lead what Python still holds for stdout to nowhere, so that its flush at the end fails no more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.__stdout__.fileno() if sys.__stdout__ else 1)
    os.close(nowhere)
