"""Every store that the contract is run over, and where each of them can be killed.

A new store adds its row to `STORES`; nothing else in the tests names one.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, partialmethod
from pathlib import Path
from typing import Any
from unittest.mock import patch

import obstore

from fakes.s3 import bucket_of
from phoenix_core.storage.bucket import BucketStore
from phoenix_core.storage.cache import Local
from phoenix_core.storage.contract import ANYTHING, Store
from phoenix_core.storage.folder import FolderStore
from phoenix_core.storage.lake import Lake
from phoenix_core.storage.memory import MemoryStore


@dataclass(frozen=True)
class Kept:
    """A store under test.

    Attributes:
        make: Opens it over a folder of the test; twice over the same folder, where it outlives a process.
        steps: Calls of which publishing is made, by owner and name: before and after each a process may end.
        outlives: Whether its files outlive the process.
        in_one_step: Whether it compares and replaces in one step.
    """

    make: Callable[[Path], Store]
    steps: tuple[tuple[Any, str], ...]
    outlives: bool
    in_one_step: bool = True


STORES = {
    "folder": Kept(
        lambda folder: FolderStore((folder / "data").resolve()),
        ((Path, "write_bytes"), (os, "fsync"), (Path, "mkdir"), (Path, "replace"), (Path, "hardlink_to")),
        outlives=True,
        in_one_step=False,
    ),
    "memory": Kept(
        lambda folder: MemoryStore(folder / "local"),
        ((Path, "write_bytes"), (Path, "mkdir"), (Path, "read_bytes"), (time, "time_ns")),
        outlives=False,
    ),
    "bucket": Kept(
        lambda folder: BucketStore.at(bucket_of(folder), Local(folder / "local")),
        ((Path, "write_bytes"), (Path, "mkdir"), (obstore, "put"), (obstore, "head")),
        outlives=True,
    ),
}


@dataclass(frozen=True, slots=True)
class InPlaceStore(FolderStore):
    """A store that writes where readers look: what the contract is there to find."""

    def publish(self, built: Path, name: str, over: str | None = ANYTHING) -> str:
        del over
        content, final = built.read_bytes(), self.path(name)
        final.parent.mkdir(parents=True, exist_ok=True)
        with final.open("wb") as file:
            file.write(content[: len(content) // 2])
            file.flush()
            os.fsync(file.fileno())
            file.write(content[len(content) // 2 :])
        return self.version(name)


IN_PLACE = Kept(lambda folder: InPlaceStore((folder / "data").resolve()), ((os, "fsync"),), outlives=True)


class Died(BaseException):
    """The process ended here."""


@contextmanager
def dying(steps: tuple[tuple[Any, str], ...], at: int, die: Callable[[], None]) -> Iterator[None]:
    """Die at the n-th moment of what is done inside: moments are before and after each of the steps."""
    moment = iter(range(1_000_000))

    def passing(step: Callable[..., Any], *given: Any, **named: Any) -> Any:
        if next(moment) == at:
            die()
        done = step(*given, **named)
        if next(moment) == at:
            die()
        return done

    patches = [
        patch.object(owner, name, _method(partial(passing, getattr(owner, name)), owner)) for owner, name in steps
    ]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def _method(call: Callable[..., Any], owner: Any) -> Callable[..., Any]:
    """A function, which a class binds to its instances as it would not bind a `partial`."""
    return partialmethod(call) if isinstance(owner, type) else call


def raise_died() -> None:
    """End as an exception that nobody catches."""
    raise Died


def kill_self() -> None:
    """End as the kernel ends a process: nothing behind this runs."""
    os.kill(os.getpid(), signal.SIGKILL)


def aged(lake: Lake) -> None:
    """Make every leftover old enough to be swept."""
    for path in lake.leftovers():
        os.utime(path, (0, 0))
