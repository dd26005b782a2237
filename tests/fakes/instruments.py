"""Copies of the shipped instrument files with other values in them."""

import re
from importlib.resources import files
from pathlib import Path

SHIPPED = files("phoenix_core.instruments") / "binance.toml"


def folder_with(folder: Path, name: str, **values: object) -> Path:
    """Write the shipped file with other values of a symbol (`um:BTCUSDT`) or of a market (`um`) below a folder."""
    text = SHIPPED.read_text()
    kind, key = ("symbols", "listing") if ":" in name else ("markets", "market")
    blocks = re.split(r"(?m)^(?=\[\[(?:symbols|markets)\]\])", text)
    (at,) = [number for number, block in enumerate(blocks) if block.startswith(f'[[{kind}]]\n{key} = "{name}"\n')]
    for field, value in values.items():
        blocks[at], count = re.subn(rf"(?m)^{field} = [^#\n]*", f"{field} = {value} ", blocks[at])
        assert count == 1, (name, field)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "binance.toml").write_text("".join(blocks))
    return folder
