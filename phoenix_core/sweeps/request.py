"""What of a grid is tried, and how its range is cut to choose on some days and judge on others: as people ask it.

What is made of it is `publish.py`'s. Light on purpose: the launchpad reads names, defaults and words from here.
"""

from pydantic import BaseModel, ConfigDict, Field

from phoenix_core.sweeps.methods import Objective, Pruner, Sampler


class Cut(BaseModel):
    """What the points are judged by: walk-forward windows, purged combinations, shuffled signals, or none of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: int = Field(0, ge=0, description="Days to choose on in each window. 0: no walk-forward.")
    test: int = Field(1, ge=1, description="Days to judge by in each window.")
    embargo: int = Field(-1, ge=-1, description="Days between the two. -1: the longest look-back of the signals.")
    anchored: bool = Field(default=False, description="Every window to choose on begins at the first day.")
    groups: int = Field(0, ge=0, description="Parts of the range for purged cross-validation. 0: none.")
    test_groups: int = Field(2, ge=1, description="Parts to judge by at a time, in every combination.")
    shuffles: int = Field(0, ge=0, description="Replays of the best with signals shuffled within each day. 0: none.")


class Search(BaseModel):
    """Which points of a grid are tried, and how often: all of it, or what a sampler of Optuna draws."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    search: Sampler = Field(Sampler.GRID, description="grid: every point; or a sampler of Optuna.")
    trials: int = Field(100, ge=1, description="How many points a sampler draws.")
    batch: int = Field(8, ge=1, description="How many it draws before it sees what they gave; they run together.")
    seed: int = Field(42, ge=0, description="Of the sampler: the same seed draws the same points.")
    objective: Objective = Field(Objective.SHARPE, description="What a sampler makes large.")
    prune: Pruner = Field(Pruner.NONE, description="Gives up points after the first days; a pruner of Optuna.")
    rungs: int = Field(3, ge=2, le=10, description="How often it looks; 3: after a quarter, half and all days.")
