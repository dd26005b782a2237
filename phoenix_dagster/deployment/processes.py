"""Which process does a run's work, and whether it still lives.

The one place where a process is named and judged; launcher, storage and doctor ask here. What can't be
judged from here (another machine, another container) is said to be so, and nobody may end it.
"""

import json
import os
import socket
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

import psutil

_ROOT_NAMESPACE = "pid:[4026531836]"  # PROC_PID_INIT_INO of the Linux kernel: outside of all containers
_START_TIME = 19  # field 22 of proc(5) stat, counted after the command's closing bracket


class Verdict(Enum):
    """What is known of a process."""

    LIVES = "lives"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """A process that no other is taken for, whatever ids and clocks do.

    Attributes:
        machine: Host name and machine id: both are copied with disk images, seldom together.
        boot: Id of the machine's boot; empty where the system has none.
        namespace: Table of process ids; each container has its own.
        pid: Its id in that table.
        started: When it began, in ticks since boot: clocks that are set don't change it.
    """

    machine: str
    boot: str
    namespace: str
    pid: int
    started: str

    @classmethod
    def own(cls) -> "Identity":
        """Of this process."""
        pid = os.getpid()
        return cls(_machine(), _text("/proc/sys/kernel/random/boot_id"), _namespace(), pid, _started(pid))

    @classmethod
    def parse(cls, text: str) -> "Identity | None":
        """Read what `str` wrote; None for anything else: tags can be edited by hand."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def __str__(self) -> str:
        """As a run's tag keeps it."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def named(self) -> str:
        """For people."""
        return f"process {self.pid} on {self.host}"

    @property
    def host(self) -> str:
        """Name of its machine or container."""
        return self.machine.partition(" ")[0]

    def verdict(self, here: "Identity") -> Verdict:
        """Judge it from another process.

        Args:
            here: The process that asks.
        """
        if (self.machine, self.namespace) != (here.machine, here.namespace):
            return Verdict.UNKNOWN
        if self.boot != here.boot:
            # The same machine after a restart. Without a machine id its name alone could be another's, and
            # numbers of containers' tables repeat on other machines.
            restarted = self.namespace == _ROOT_NAMESPACE and " " in self.machine
            return Verdict.GONE if restarted else Verdict.UNKNOWN
        return Verdict.LIVES if _lives(self.pid, self.started) else Verdict.GONE


def _machine() -> str:
    return f"{socket.gethostname()} {_text('/etc/machine-id')}".strip()


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""  # not Linux: one table a machine


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began; empty if the system won't say."""
    stat = _text(f"/proc/{pid}/stat")
    if stat:
        return stat.rpartition(")")[2].split()[_START_TIME]
    try:
        return f"{psutil.Process(pid).create_time():.0f}"
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


def _lives(pid: int, started: str) -> bool:
    if not psutil.pid_exists(pid):
        return False
    try:
        if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return False
    except psutil.NoSuchProcess:
        # It ended just now; or /proc is mounted with hidepid and it is another user's.
        return psutil.pid_exists(pid)
    except psutil.AccessDenied:
        return True
    now = _started(pid)
    return not now or now == started
