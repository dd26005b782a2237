"""The S3 server of the tests, as a program: moto, one request at a time.

moto compares and writes in two steps; Amazon S3 does it in one. Where its requests wait for each other, it does so, too.
"""

import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple


def main() -> None:
    # Also where the tests were killed: their end of the pipe is then closed.
    threading.Thread(target=lambda: os._exit(sys.stdin.buffer.read() != b""), daemon=True).start()
    app, one = DomainDispatcherApplication(create_backend_app), threading.Lock()

    def in_turn(environ, start_response):
        with one:
            return app(environ, start_response)

    run_simple("127.0.0.1", int(sys.argv[1]), in_turn, threaded=True)


if __name__ == "__main__":
    main()
