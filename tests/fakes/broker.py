"""A virtual host of its own on the RabbitMQ server of PHOENIX_TEST_BROKER_URL."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from fakes.environment import unavailable


@contextmanager
def virtual_host() -> Iterator[str]:
    """Its address; gone afterwards, with all queues."""
    server = os.environ.get("PHOENIX_TEST_BROKER_URL")
    if not server:
        unavailable("PHOENIX_TEST_BROKER_URL names no RabbitMQ server")
    if shutil.which("rabbitmqctl") is None:
        unavailable("no rabbitmqctl on this machine, which makes a virtual host for the test")
    name = f"phoenix_{uuid.uuid4().hex[:12]}"
    rabbitmqctl("add_vhost", name)
    try:
        rabbitmqctl("set_permissions", "-p", name, urlsplit(server).username, ".*", ".*", ".*")
        yield f"{server.rstrip('/')}/{name}"
    finally:
        rabbitmqctl("delete_vhost", name)


def disconnect(url: str) -> None:
    """Close all connections to a virtual host, as a broker that restarts does: what nobody has acknowledged is due."""
    rabbitmqctl("close_all_connections", "--vhost", urlsplit(url).path.strip("/"), "it restarts")


def rabbitmqctl(*arguments: str) -> None:
    """Tell the server something."""
    done = subprocess.run(["rabbitmqctl", "--quiet", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
