"""Where tests leave what people may want to look at."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "artifacts"
