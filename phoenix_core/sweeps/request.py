"""How the range of a sweep is cut to choose on some days and judge on others: as commands and the launchpad ask it.

What is made of it is `publish.py`'s. Light on purpose: the launchpad reads names, defaults and words from here.
"""

from pydantic import BaseModel, ConfigDict, Field


class Cut(BaseModel):
    """Walk-forward windows, purged combinations, both or neither."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: int = Field(0, ge=0, description="Days to choose on in each window. 0: no walk-forward.")
    test: int = Field(1, ge=1, description="Days to judge by in each window.")
    embargo: int = Field(-1, ge=-1, description="Days between the two. -1: the longest look-back of the signals.")
    anchored: bool = Field(default=False, description="Every window to choose on begins at the first day.")
    groups: int = Field(0, ge=0, description="Parts of the range for purged cross-validation. 0: none.")
    test_groups: int = Field(2, ge=1, description="Parts to judge by at a time, in every combination.")
