"""How the documentation is built: `uv run sphinx-build --fail-on-warning docs build/docs`.

What the code declares is not typed again: settings, commands and parameters are put into the pages while
they are read, where a page has a comment such as `<!-- settings -->`.
"""

from collections.abc import Callable

import typer
from pydantic import BaseModel
from sphinx.application import Sphinx

from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.backtest.portfolio.portfolio import LimitParameters
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.strategies.phoenix.parameters import StrategyParameters
from phoenix_dagster.cli.app import app
from phoenix_dagster.settings_page import settings_table, text_of

project = "Phoenix"
html_title = "Phoenix"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}

default_role = "code"  # docstrings mark code by single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]


def commands() -> str:
    """Every command with its own help."""
    group = typer.main.get_command(app)
    parts = []
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        context = typer.Context(command, info_name=f"phoenix {name}", terminal_width=88, max_content_width=88)
        parts.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def parameters(model: type[BaseModel]) -> Callable[[], str]:
    """A table of a model's own fields; models within it have tables of their own."""

    def table() -> str:
        rows = [
            f"| `{name}` | {field.description} | {f'`{text}`' if (text := text_of(field.default)) else ''} |\n"
            for name, field in model.model_fields.items()
            if field.description
        ]
        return "| parameter | meaning | default |\n|---|---|---|\n" + "".join(rows)

    return table


MADE = {
    "<!-- settings -->": settings_table,
    "<!-- commands -->": commands,
    "<!-- strategy parameters -->": parameters(StrategyParameters),
    "<!-- signal parameters -->": parameters(SignalParameters),
    "<!-- venue parameters -->": parameters(VenueParameters),
    "<!-- limit parameters -->": parameters(LimitParameters),
}


def fill_in(_app: Sphinx, _page: str, content: list[str]) -> None:
    """Replace the comments of a page by what they name."""
    for comment, made in MADE.items():
        if comment in content[0]:
            content[0] = content[0].replace(comment, made())


def setup(app: Sphinx) -> None:
    """Register the above with Sphinx."""
    app.connect("source-read", fill_in)
