"""What is to be published of experiments, on disk while their last day is far.

An order and its fills are some 3 KB of objects. A batch of 250 experiments over a year of full-size days would hold
60 GB of them until its end, and each experiment needs its own only once it is there.
"""

import pickle
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from phoenix_core.backtest.arrays.orders import Records


class Shelf:
    """Records of experiments, each in a file of its own in a folder that nobody else writes to.

    Args:
        folder: That folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    @contextmanager
    def below(cls, scratch: Path) -> Iterator[Self]:
        """One that is gone in the end; a killed process leaves it among what is swept from `scratch`."""
        scratch.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=scratch) as folder:
            yield cls(Path(folder))

    def put(self, number: int, records: Records, unfinished: Collection[str]) -> None:
        """Take all of an experiment's records that can't change any more.

        Args:
            number: Of the experiment.
            records: Lose what is taken.
            unfinished: Names of orders that have not ended.
        """
        with self._path(number).open("ab") as file:
            pickle.dump(records.cut(unfinished), file, pickle.HIGHEST_PROTOCOL)

    def whole(self, number: int, records: Records) -> Records:
        """All records of an experiment, with those that it still has."""
        found = Records(ends=records.ends)
        for part in (*self._parts(number), records):
            found.decisions += part.decisions
            found.sent |= part.sent
            found.fills += part.fills
        return found

    def _parts(self, number: int) -> Iterator[Records]:
        path = self._path(number)
        if not path.exists():
            return
        with path.open("rb") as file:
            size = path.stat().st_size
            while file.tell() < size:
                yield pickle.load(file)  # noqa: S301 - of this very process

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.records"
