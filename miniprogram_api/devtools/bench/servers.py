"""Real gunicorn processes under the product's own configuration, started, watched and stopped."""

import dataclasses
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
_READY_WITHIN_S = 60
_STARTS = """
import time
from config import load_settings
from miniprogram_api.app import create_app
create_app(load_settings())
print(time.process_time())
"""


@dataclass(frozen=True, slots=True)
class Server:
    """One gunicorn: its port, and the master's process id."""

    port: int
    pid: int
    log: Path

    def worker_pids(self) -> list[int]:
        """The processes that serve; empty where /proc does not tell."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def memory_mib(self) -> list[float]:
        """What each serving process holds resident."""
        return [_resident_mib(pid) for pid in self.worker_pids()]

    def complaints(self, *words: str) -> list[str]:
        """Lines of the log that hold one of the words."""
        with self.log.open(errors="replace") as lines:
            return [line.strip() for line in lines if any(word in line for word in words)]


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


@contextmanager
def serving(target: str, *, environ: dict[str, str], log: Path, ready: str) -> Generator[Server]:
    """Serve a WSGI target by the product's gunicorn configuration until the block ends."""
    port = free_port()
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    command = [gunicorn, "--config", "python:config.gunicorn", target]
    with (
        log.open("w") as out,
        subprocess.Popen(
            command, env=environ | {"PORT": str(port)}, cwd=ROOT, stdout=out, stderr=out
        ) as process,
    ):
        try:
            _wait_until_ready(process, port, ready, log)
            yield Server(port, process.pid, log)
        finally:
            process.terminate()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if get(port, path)[0] == 200:
            return
        time.sleep(0.05)
    process.terminate()
    raise RuntimeError(f"the server did not get ready:\n{log.read_text()[-2000:]}")


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, str], str]:
    """Status, headers by lower-case name and body of one GET; status 0 when nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, answer.read().decode(errors="replace")
    except OSError:
        return 0, {}, ""
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(settings: Settings) -> dict[str, str]:
    """This process's environment with these settings of the product and no others."""
    fields = dataclasses.fields(Settings)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {field.metadata["env"] for field in fields}
    }
    kept.pop("PROMETHEUS_MULTIPROC_DIR", None)
    changed = {
        field.metadata["env"]: str(getattr(settings, field.name))
        for field in fields
        if getattr(settings, field.name) != field.default
    }
    return kept | changed


def migrate(environ: dict[str, str]) -> None:
    """Bring the database to the schema of this code, as an operator does."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade", "-d", "migrations"]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the migrations failed:\n{done.stderr[-2000:]}")


def start_cpu_s(environ: dict[str, str]) -> float:
    """CPU seconds of a fresh process from its first instruction to a made application."""
    command = [sys.executable, "-c", _STARTS]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])
