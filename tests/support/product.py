"""`make run` as a process on free ports with a folder of its own, and what one can do with it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from tests.support.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "miniprogram_api.devtools.run"]
STARTS_WITHIN_S = 180
STOPS_WITHIN_S = 30
ANSWERS_WITHIN_S = 60


class Product:
    """A running `make run` and what it printed."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.base = f"http://127.0.0.1:{environment['PORT']}"
        self.fake = f"http://127.0.0.1:{environment['FAKE_WECHAT_PORT']}"
        self.registry = f"http://127.0.0.1:{environment['FAKE_REGISTRY_PORT']}"
        self.lines: list[str] = []
        self._told = threading.Event()
        self.process = subprocess.Popen(
            COMMAND,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if "Ctrl-C" in line:
                self._told.set()
        self._told.set()

    def wait_until_told(self) -> None:
        assert self._told.wait(STARTS_WITHIN_S), self.lines
        assert self.process.poll() is None, self.lines

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOPS_WITHIN_S)

    def call(self, method: str, path: str, *, token: str | None = None, **body: Any) -> Any:
        """Call something that must work; the parsed answer."""
        answer = self.ask(method, path, token=token, **body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        key: str | None = None,
        **body: Any,
    ) -> requests.Response:
        """Call something and look at whatever comes."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        url = path if path.startswith("http") else self.base + path
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, url, json=body or None, headers=headers, timeout=ANSWERS_WITHIN_S)

    def log_in(self, person: str) -> str:
        code = self.call("POST", f"{self.fake}/_fake/login-codes", person=person)["code"]
        return str(self.call("POST", "/api/v1/sessions", code=code)["access_token"])

    def close(self) -> None:
        """End whatever is left of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def started(environment: dict[str, str]) -> Generator[Product]:
    product = Product(environment)
    try:
        yield product
    finally:
        product.close()


def fresh_machine(folder: Path) -> dict[str, str]:
    """The environment of a machine that has seen nothing of the product, with ports of its own."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return kept | {
        "DATA_DIR": str(folder / "data"),
        "PORT": str(free_port()),
        "FAKE_WECHAT_PORT": str(free_port()),
        "FAKE_REGISTRY_PORT": str(free_port()),
        "PYTHONUTF8": "1",
        "FLASK_SKIP_DOTENV": "1",
    }
