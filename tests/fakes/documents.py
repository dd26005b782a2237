"""Commands and code that stand in documents, executed as a reader would."""

import os
import re
import subprocess
import sys
from pathlib import Path

from fakes import warm
from fakes.processes import plain_environment

_BLOCK = r"```(sh|python)\n(.*?)```"


def executed_blocks(page: Path, test: str) -> list[tuple[str, str]]:
    """Blocks of a page that stand below the comment which says that this test executes them."""
    mark = f"<!-- executed by tests/end_to_end/{test} -->\n"
    return re.findall(re.escape(mark) + _BLOCK, page.read_text(encoding="utf-8"), re.DOTALL)


def run_script(folder: Path, script: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a script in one shell; `uv run` is what it would start in this very environment, without its imports."""
    path = f"{warm.programs()}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = plain_environment() | settings | {"PATH": path}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("uv run ", "")],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def as_script(blocks: list[tuple[str, str]]) -> str:
    """All blocks of a page one after the other, Python through the interpreter's standard input."""
    return "\n".join(text if kind == "sh" else f"python - <<'PYTHON'\n{text}PYTHON" for kind, text in blocks)
