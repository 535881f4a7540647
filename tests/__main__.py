"""`python -m tests`: everything on SQLite, with a coverage figure, then again on PostgreSQL and Redis.

Arguments go to pytest. `--fuzz` runs the long form of the API fuzzing; `--once sqlite|postgres` one half.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.servers import postgres_and_redis

_FAIL_UNDER = "95"
_ROOM = 4 * 2**30
# One more than cores, since some tests wait; no more than Redis has databases.
_WORKERS = min((os.cpu_count() or 1) + 1, 14)
# Stealing, so that no core idles behind a queue of slow tests.
_ON_ALL_CORES = ["-n", str(_WORKERS), "--dist", "worksteal"]


def main(arguments: list[str]) -> int:
    """Run the halves one after the other; the exit status is the first failure's."""
    only = _take(arguments, "--once")
    if "--fuzz" in arguments:
        arguments.remove("--fuzz")
        os.environ["FUZZ_LONG"] = "1"
        return _pytest("SQLite, long fuzzing", ["tests/system/test_fuzz.py", *arguments])
    measured = [] if arguments or only else ["--cov", "--cov-report=", f"--cov-fail-under={_FAIL_UNDER}"]
    halves = {
        # Measuring costs a third of the time, and the second half runs the same code.
        "sqlite": lambda: _pytest("SQLite", [*measured, *arguments]),
        "postgres": lambda: _postgres(arguments if only else ["-m", "not once", *arguments]),
    }
    return halves[only]() if only else halves["sqlite"]() or halves["postgres"]()


def _take(arguments: list[str], name: str) -> str | None:
    if name not in arguments:
        return None
    at = arguments.index(name)
    value = arguments[at + 1]
    del arguments[at : at + 2]
    return value


def _postgres(arguments: list[str]) -> int:
    with postgres_and_redis() as servers:
        os.environ |= servers
        return _pytest("PostgreSQL + Redis", ["--postgres", *arguments])


def _pytest(title: str, arguments: list[str]) -> int:
    print(f"\n=== {title} ===", flush=True)
    with TemporaryDirectory(dir=_memory(), prefix="low-carbon-tests-") as folder:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *_ON_ALL_CORES,
            f"--basetemp={folder}/files",
            *arguments,
        ]
        return subprocess.run(command, check=False).returncode


def _memory() -> Path | None:
    """The machine's memory as a folder, where it has one with room: each test writes databases of its own."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > _ROOM else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
