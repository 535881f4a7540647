"""Processes forked from one that has the product loaded: they start at once, and a test may kill them."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miniprogram_api.devtools.bench.servers import ROOT, Server, get
from miniprogram_api.kernel.ids import new_id
from tests.support.servers import free_port
from tests.support.waiting import wait_until

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["__main__", "tests.support.loaded"])
_READY_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: nought, a failure's number, or less than nought for the signal that killed it."""

    status: int
    printed: str


def run_forked(work: Callable[..., None], *arguments: Any, folder: Path, within_s: float = 120) -> Ended:
    """Run a function of a module in a process of its own until it ends; the folder keeps what it prints."""
    words = folder / f"process-{new_id().hex}.txt"
    process = _FORKED.Process(target=_run, args=(words, work, *arguments))
    process.start()
    process.join(within_s)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(words.read_text())
    ended = Ended(process.exitcode, words.read_text())
    process.close()
    return ended


@contextmanager
def forked_gunicorn(target: str, *, environ: Mapping[str, str], log: Path) -> Generator[Server]:
    """The product's gunicorn until the block ends, as its command starts it but for loading the product."""
    port = free_port()
    process = _FORKED.Process(target=_run, args=(log, _serve, target, {**environ, "PORT": str(port)}))
    process.start()
    try:
        wait_until(lambda: get(port, "/readyz")[0] == 200 or not process.is_alive(), within_s=_READY_WITHIN_S)
        assert process.is_alive(), f"the server did not get ready:\n{log.read_text()[-2000:]}"
        yield Server(port, process.pid or 0, log)
    finally:
        process.terminate()
        process.join()
        process.close()


def _serve(target: str, environ: Mapping[str, str]) -> None:
    from gunicorn.app.wsgiapp import run

    os.environ.clear()
    os.environ |= environ
    os.chdir(ROOT)
    sys.argv = ["gunicorn", "--config", "python:config.gunicorn", target]
    run()


def _run(words: Path, work: Callable[..., None], *arguments: Any) -> None:
    with words.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    work(*arguments)
