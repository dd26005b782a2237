"""Commands without the seconds of importing Dagster and NautilusTrader: a process that has, and forks for each.

In the fork a command finds what a process of its own would: arguments, folder, environment, standard streams, the path
of modules, the program's own file as `__main__`; it ends as one, and its exit code is what a shell would see. What it cannot tell is a
module that uses what only another one imports, so tests of entry points start real processes. The parent has run
nothing: a fork must not inherit threads at work.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import warnings
from functools import cache
from pathlib import Path

BIN = Path(sys.executable).parent
# What commands have in common. Nothing that reads the environment while it is imported.
IMPORTED = (
    "dagster", "dagster._cli", "dagster._core.storage.runs.sqlite", "dagster._core.storage.event_log.sqlite",
    "nautilus_trader.backtest.engine", "nautilus_trader.persistence.catalog", "phoenix_core.backtest.run",
    "phoenix_core.report.folder", "phoenix_dagster.cli.app", "phoenix_dagster.code_location", "polars", "pyarrow.parquet",
)  # fmt: skip
FOLDER = "WARM_PROGRAMS"
# Of a program that is started by name: what it is told, whom to ask. Python itself would take ten times as long.
SHIM = """#!{python} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    told = json.dumps([{program!r}, sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(told).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(told)
    ended = server.recv(2)
code = int.from_bytes(ended, "big", signed=True) if ended else 1
sys.exit(code if code >= 0 else 128 - code)
"""


@cache
def programs() -> Path:
    """A folder with `phoenix`, `dagster` and `python` for PATH: who asks first has them served until its own end.

    Processes that it starts find them by the environment.
    """
    if folder := os.environ.get(FOLDER):
        return Path(folder)
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    os.environ[FOLDER] = str(folder)
    address = str(folder / "socket")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen()
    # Its standard input says when it is no longer wanted: however this process ends, the pipe is closed.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PHOENIX_", "PYTHONPATH"))}
    command = [sys.executable, __file__, str(listening.fileno())]
    warm = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[listening.fileno()], env=environment
    )
    listening.close()
    atexit.register(end, warm, folder)
    for program in ("phoenix", "dagster", "python"):
        shim = folder / program
        shim.write_text(SHIM.format(python=sys.executable, address=address, program=str(BIN / program)))
        shim.chmod(0o755)
    return folder


def end(warm: subprocess.Popen[bytes], folder: Path) -> None:
    """Say that nothing is wanted any more."""
    warm.stdin.close()
    warm.wait()
    shutil.rmtree(folder)


def warm_up() -> None:
    """Import what commands have in common, when the first one is asked for."""
    with warnings.catch_warnings(action="ignore"):
        for name in IMPORTED:
            importlib.import_module(name)
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()


def serve(listening: socket.socket) -> None:
    """Fork for each command until nobody holds the other end of standard input; return in the fork alone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who waits is a process in between
    wanted = os.dup(0)
    while True:
        ready, _, _ = select.select([listening, wanted], [], [])
        if wanted in ready:
            sys.exit()
        asking, _ = listening.accept()
        if "dagster" not in sys.modules:
            warm_up()
        if os.fork():
            asking.close()
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        listening.close()
        os.close(wanted)
        size, streams, _, _ = socket.recv_fds(asking, 8, 3)
        with asking.makefile("rb") as told:
            asked = json.loads(told.read(int.from_bytes(size, "big")))
        child = os.fork()
        if not child:
            asking.close()
            become(streams, *asked)
            return
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(OSError):  # who asked was killed meanwhile
            asking.sendall(os.waitstatus_to_exitcode(status).to_bytes(2, "big", signed=True))
        os._exit(0)


def become(streams: list[int], program: str, words: list[str], folder: str, environment: dict[str, str]) -> None:
    """Take over what a process has from its parent."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115 - as Python opens them
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.orig_argv[:] = sys.argv[:] = [program, *words]
    sys.path[:1] = environment.get("PYTHONPATH", "").split(os.pathsep) if environment.get("PYTHONPATH") else []


def run(program: str, *words: str) -> None:
    """Run what the program would run; Python in a way that is not known here becomes itself."""
    if Path(program).name != "python":
        sys.path.insert(0, str(BIN))
        runpy.run_path(program, run_name="__main__")
    elif words[:1] == ("-m",):
        sys.argv[:] = sys.argv[2:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif words[:1] in {("-",), ("-c",)}:
        code, others = (words[1], words[2:]) if words[0] == "-c" else (sys.stdin.read(), words[1:])
        sys.argv[:] = [words[0], *others]
        sys.path.insert(0, "")
        sys.modules["__main__"] = main = types.ModuleType("__main__")
        exec(compile(code, "<string>", "exec"), main.__dict__)  # noqa: S102 - as Python does
    else:
        os.execv(program, [program, *words])  # noqa: S606


if __name__ == "__main__":
    # Python sees the threads of jemalloc, which starts them again in a fork, and one of Polars that tidies up its files.
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        serve(socket.socket(fileno=int(sys.argv[1])))
    run(*sys.argv)
