"""A real gunicorn of a test's own, with the product's configuration."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
_WITHIN_S = 60


class Server:
    """A running server; its log is in `log`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
        self.process = process
        self.port = port
        self.folder = folder
        self.log = folder / "server.log"

    def get(self, path: str, *, within_s: float = _WITHIN_S) -> tuple[int, Any]:
        """Call it once, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=within_s)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def is_alive(self) -> bool:
        """Whether it answers, and soon."""
        try:
            return self.get("/livez", within_s=1)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self) -> int:
        """Ask it to end, and wait; returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_WITHIN_S)


@contextmanager
def gunicorn(folder: Path, settings: Mapping[str, str]) -> Generator[Server]:
    """Serve `tests.support.served_app` until the block ends, at the latest."""
    port = free_port()
    own = {"PORT": str(port), "DATA_DIR": str(folder), "APP_ENV": "test"}
    variables = os.environ | own | dict(settings)
    command = [
        *(sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn"),
        "tests.support.served_app:app",
    ]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log)
    server = Server(process, port, folder)
    try:
        wait_until(lambda: server.is_alive() or process.poll() is not None)
        assert process.poll() is None, server.log.read_text()
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(_WITHIN_S)


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for what other processes do; fails when it takes too long."""
    deadline = time.monotonic() + _WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
