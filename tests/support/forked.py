"""Processes forked from one that has the product loaded: they start at once, and a test may kill them."""

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miniprogram_api.kernel.ids import new_id

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["__main__", "tests.support.loaded"])


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


def _run(words: Path, work: Callable[..., None], *arguments: Any) -> None:
    with words.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    work(*arguments)
