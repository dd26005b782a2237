"""The commands by name, and what all of them have in common: an error is one line and exit code 2."""

import sys
from collections.abc import Sequence

import typer

from phoenix_core.errors import PhoenixError
from phoenix_dagster.cli import data, questions, start
from phoenix_dagster.cli.run import run

app = typer.Typer(
    name="phoenix",
    help="Tick data and backtests on Dagster.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command()(start.demo)
app.command()(start.ui)
app.command()(start.settings)
app.command()(data.plan)
app.command()(run)
app.command()(data.backfill)
app.command()(data.inventory)
app.command()(data.doctor)
app.command()(questions.lookahead)
app.command()(questions.implied)
app.command()(questions.envelope)
app.command()(questions.compare)
app.command()(questions.report)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0 done, 1 a finding or a failed day, 2 a wrong call or an error."""
    try:
        app(arguments, standalone_mode=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except PhoenixError as error:
        print(f"phoenix: {error}", file=sys.stderr)
        return 2
    return 0
