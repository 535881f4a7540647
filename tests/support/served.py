"""A test's own application on a real port: its database, its frozen clock and its factories are at hand."""

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server


class _Handler(WSGIRequestHandler):
    """Keeps connections, as a browser expects, and tells nothing: the product logs each request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        pass

    def log(self, type: str, message: str, *arguments: object) -> None:
        logging.getLogger("tests.served").debug(message, *arguments)


@contextmanager
def served(app: Flask) -> Generator[str]:
    """Serve the application on threads of this process; gives its origin."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
