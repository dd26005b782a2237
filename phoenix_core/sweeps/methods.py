"""Names of the ways to search a grid; what each does is Optuna's, see `study.py`. Light: `--help` lists them."""

from enum import StrEnum


class Sampler(StrEnum):
    """Who says which points of a grid are tried."""

    GRID = "grid"  # all of them
    TPE = "tpe"
    RANDOM = "random"
    NSGAII = "nsgaii"


class Objective(StrEnum):
    """What a search makes large."""

    SHARPE = "sharpe"
    NET = "net"


class Pruner(StrEnum):
    """Who gives up points after some of the days."""

    NONE = "none"
    MEDIAN = "median"  # those below the median of the trials that ran over all
    QUARTILE = "quartile"  # those below their best quarter
