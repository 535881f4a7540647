"""gunicorn: threads in few processes, a graceful end, and without Redis background work beside the web."""

import mmap
import os
import shutil
import time
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from config import load_settings
from config.logging import configure_logging

_settings = load_settings()


class ServerLogger(Logger):  # type: ignore[misc]  # the library is not typed
    """Sends the server's own lines through our processors, scrubbed like every other."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        configure_logging(level=_settings.log_level, style=_settings.log_format)
        self.error_log.propagate = True


bind = (
    f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
)
workers = _settings.web_processes
threads = _settings.web_threads
worker_class = "gthread"
timeout = 30
graceful_timeout = 25
keepalive = 15
max_requests = 0 if workers == 1 else 50_000
max_requests_jitter = 5_000
accesslog = None
errorlog = None
logger_class = ServerLogger
loglevel = "warning"
control_socket = None
control_socket_disable = True
limit_request_line = 8190

if workers > 1:
    # The metrics library reads this when the application is imported, in each process.
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(_settings.data_dir.resolve() / "metrics"))


# One byte that all processes see: not nought once the server was asked to end.
_ending = mmap.mmap(-1, 1)


def when_ready(server: Any) -> None:
    """Have SIGTERM make us unready first, and end the server a while later: a balancer needs to see it."""
    end = server.handle_term

    def announce_and_end() -> None:
        _ending[0] = 1
        time.sleep(_settings.goes_on_s)
        end()

    server.handle_term = announce_and_end


def on_starting(_server: Any) -> None:
    """Start the metrics of several processes from nothing; those of the last run count twice otherwise."""
    if workers > 1:
        folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)


def post_worker_init(worker: Any) -> None:
    """Start background work in the one process of the embedded default; with Redis it has its own hosts."""
    health = getattr(worker.wsgi, "extensions", {}).get("health")  # the bench serves less than the product
    if health is not None:
        health.is_ending = lambda: _ending[0] != 0
    if _settings.background and not _settings.redis_url:
        from miniprogram_api.app import start_background

        worker.background = start_background(worker.wsgi)


def worker_exit(_server: Any, worker: Any) -> None:
    """Let background work finish what it is at."""
    background = getattr(worker, "background", None)
    if background is not None:
        background.stop(graceful=True)


def child_exit(_server: Any, worker: Any) -> None:
    """Let the gauges of a process that ended be forgotten."""
    if workers > 1:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # the library annotates half
