"""A WSGI application served on loopback by threads of this process, with TCP resets where it asks for one."""

import ipaddress
import os
import socket
import struct
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RESET_MARK = "loopback.reset"
_POLL_S = 0.02


def require_loopback(host: str, *, name: str) -> str:
    """The host, if nobody outside this machine can reach it; ValueError otherwise."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"the {name} server listens on loopback only, not on {host!r}")
    return host


class LoopbackServer:
    """One application on one loopback address; the address is known while it runs.

    A request whose environ the application marks with RESET_MARK is answered by a TCP reset.
    """

    def __init__(self, app: Flask, *, name: str, host: str, port: int) -> None:
        self._host = require_loopback(host, name=name)
        self._port = port
        self._name = name
        app.wsgi_app = _ResettingApp(app.wsgi_app)  # type: ignore[method-assign]  # Flask's documented middleware hook
        self._app = app
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """Where to reach it, without a trailing slash; only while it runs."""
        if self._server is None:
            raise RuntimeError(f"the {self._name} server is not running")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._server.port}"

    @property
    def is_running(self) -> bool:
        return self._server is not None

    def start(self) -> None:
        """Listen and serve."""
        if self._server is not None:
            raise RuntimeError(f"the {self._name} server is already running")
        self._server = make_server(
            self._host, self._port, self._app, threaded=True, request_handler=_QuietHandler
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _POLL_S},
            name=self._name.replace(" ", "-"),
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Close; harmless when not running. The port is free afterwards."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server, self._thread = None, None


class _QuietHandler(WSGIRequestHandler):
    """Never logs a request line, since those carry secrets and tokens, and survives its own resets."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def connection_dropped(self, error: BaseException, environ: "WSGIEnvironment | None" = None) -> None:
        """Do not look for a next request on a connection that is gone."""
        self.close_connection = True


class _ResettingApp:
    """Turns a marked request into a TCP reset; a plain close would look like an empty 200 to the client."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body: Iterable[bytes] = self._app(environ, start_response)
        if not environ.get(RESET_MARK):
            return body
        connection: socket.socket = environ["werkzeug.socket"]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())
        raise ConnectionResetError("planned fault")
