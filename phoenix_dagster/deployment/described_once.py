"""A code location described once, for webserver and daemon alike.

Dagster 1.13 describes a location anew for whoever asks, and at a start both ask at the same moment: of a hundred
symbols either takes seconds, which are the code server's (benchmarks/results.md). What a code server has does not
change as long as its process lives, so the second is given what the first was. This rests on a private method of
Dagster; a test pins that it is called, and what it gives.
"""

import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

_SERVER = "dagster._grpc.server"
_METHOD = "_get_serialized_external_repository_data"
_FAILED = '{"__class__": "ExternalRepositoryErrorData"'


def describe_once() -> None:
    """Mend it for this process, once, if it is a code server: nobody else describes anything."""
    served: Any = sys.modules.get(_SERVER)
    if served is None or hasattr(getattr(served.DagsterApiServer, _METHOD), "__wrapped__"):
        return
    setattr(served.DagsterApiServer, _METHOD, _remembering(getattr(served.DagsterApiServer, _METHOD)))


def _remembering(describe: Callable[[Any, Any], str]) -> Callable[[Any, Any], str]:
    texts: dict[tuple[str, bool], str] = {}
    one_at_a_time = threading.Lock()

    @wraps(describe)
    def described(server: Any, request: Any) -> str:  # noqa: ANN401 - Dagster's own, which only a code server imports
        asked = (request.serialized_repository_python_origin, request.defer_snapshots)
        with one_at_a_time:
            text = texts.get(asked) or describe(server, request)
            if not text.startswith(_FAILED):  # which may pass
                texts[asked] = text
        return text

    return described
