"""Hosts on one machine: network namespaces on a bridge, each with a name, a home, and a cable that can be cut.

A host reaches nothing but what the hub, which is this machine, forwards to it on the bridge's address.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from fakes.environment import unavailable
from fakes.processes import PATIENCE, stop_group

# RFC 2544 keeps these addresses for tests of devices that connect networks: no real network has them.
_NETWORK = (198 << 24) + (18 << 16)
_NETWORKS, _ADDRESSES = 1 << 14, 8


@dataclass(frozen=True)
class Host:
    """One of them.

    Attributes:
        name: As its processes know it.
        namespace: As `ip netns` knows it.
        home: Its own folder: HOME, with scratch and cache in it.
    """

    name: str
    namespace: str
    home: Path

    def command(self, *words: str) -> list[str]:
        """How a program is started there, in the home and as the leader of nothing else."""
        enter = ["ip", "netns", "exec", self.namespace, "unshare", "--uts", "env", f"HOME={self.home}"]
        return [*enter, "sh", "-c", f'hostname {self.name}; cd "$HOME"; exec "$@"', "sh", *words]

    def kill(self) -> None:
        """End all that runs there at once."""
        for process in ip("netns", "pids", self.namespace).split():
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)

    def cut(self) -> None:
        """Let nothing through its cable. Nobody is told: packets are lost in silence."""
        ip("link", "set", self.namespace, "down")

    def mend(self) -> None:
        """Plug it in again."""
        ip("link", "set", self.namespace, "up")


@dataclass
class Network:
    """The hub's side of it.

    Attributes:
        bridge: Its name.
        number: Which of the networks it is.
        folder: Of the hosts' homes.
    """

    bridge: str
    number: int
    folder: Path
    opened: ExitStack = field(default_factory=ExitStack)

    def address(self, which: int) -> str:
        """Of the hub, which is 1, or of a host."""
        return socket.inet_ntoa((_NETWORK + _ADDRESSES * self.number + which).to_bytes(4, "big"))

    def host(self, which: int, name: str) -> Host:
        """Make a host: 2 to 6."""
        host = Host(name, f"{self.bridge}h{which}", self.folder / name)
        host.home.mkdir()
        ip("netns", "add", host.namespace)
        self.opened.callback(ip, "netns", "del", host.namespace)
        self.opened.callback(host.kill)
        ip("link", "add", host.namespace, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
        ip("link", "set", host.namespace, "master", self.bridge, "up")
        there = ("-n", host.namespace)
        ip(*there, "addr", "add", f"{self.address(which)}/29", "dev", "eth0")
        for link in ("lo", "eth0"):
            ip(*there, "link", "set", link, "up")
        return host

    def reach(self, url: str) -> str:
        """Address by which hosts reach a server that listens on 127.0.0.1."""
        parts = urlsplit(url)
        assert parts.port
        self.opened.enter_context(forwarding(self.address(1), parts.port))
        return url.replace(f"{parts.hostname}:", f"{self.address(1)}:")


@contextmanager
def network(folder: Path) -> Iterator[Network]:
    """Make one; nothing is left of it afterwards."""
    if os.geteuid() or not all(map(shutil.which, ("ip", "socat", "unshare"))):
        unavailable("hosts can't be played here: that needs root, and the programs ip, socat and unshare")
    number = os.getpid() % _NETWORKS
    made = Network(f"px{number}", number, folder)
    with made.opened:
        try:
            ip("link", "add", made.bridge, "type", "bridge")
        except subprocess.CalledProcessError as error:
            unavailable(f"hosts can't be played here: {error.stderr.strip()}")
        made.opened.callback(ip, "link", "del", made.bridge)
        ip("addr", "add", f"{made.address(1)}/29", "dev", made.bridge)
        ip("link", "set", made.bridge, "up")
        yield made


def ip(*arguments: str) -> str:
    """Tell the kernel something about its networks."""
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=60).stdout


@contextmanager
def forwarding(address: str, port: int) -> Iterator[None]:
    """Pass connections to a port of an address on to the same port of 127.0.0.1."""
    listen, reach = f"TCP-LISTEN:{port},bind={address},fork,reuseaddr", f"TCP:127.0.0.1:{port}"
    process = subprocess.Popen(["socat", listen, reach], stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _listens(address, port):
            assert process.poll() is None, f"socat can't listen on {address}:{port}"
            assert time.monotonic() < deadline, f"socat does not listen on {address}:{port}"
            time.sleep(0.02)
        yield
    finally:
        stop_group(process)


def _listens(address: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((address, port), timeout=5):
        return True
    return False
