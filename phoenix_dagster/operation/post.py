"""Posts one message to a webhook, as a process of its own: only a process can be ended for certain.

A time-out of a socket is for each of its reads, so that a receiver which drips a byte now and then would hold
its sender for ever. Address and message come over standard input, where no list of processes shows them.
"""

import http.client
import json
import sys
import urllib.error
import urllib.request

_SECONDS = 5.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A webhook answers where it stands; elsewhere its secret has no business."""

    def redirect_request(self, *args: object) -> None:
        """Follow none: a redirect is then an HTTPError."""


def main() -> int:
    """Read `[address, message]`, post, and print in a word why it was not taken."""
    url, message = json.load(sys.stdin)
    request = urllib.request.Request(  # noqa: S310 - http or https, as settings.py sees to
        url, json.dumps(message).encode(), {"Content-Type": "application/json", "User-Agent": "phoenix"}
    )
    try:
        urllib.request.build_opener(_NoRedirects).open(request, timeout=_SECONDS).close()
    except urllib.error.HTTPError as error:
        return _say(f"HTTP {error.code}")
    except (OSError, http.client.HTTPException) as error:
        # Never the error's own text: it may hold the address.
        return _say(type(error).__name__)
    return 0


def _say(refusal: str) -> int:
    sys.stdout.write(refusal)
    return 1


if __name__ == "__main__":
    sys.exit(main())
