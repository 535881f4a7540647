"""`python -m tests`: everything on SQLite, then again on PostgreSQL and Redis, with one coverage figure.

Arguments go to pytest. `--fuzz` runs the long form of the API fuzzing; `--once sqlite|postgres` one half.
"""

import os
import subprocess
import sys

from tests.support.servers import postgres_and_redis

_FAIL_UNDER = "95"


def main(arguments: list[str]) -> int:
    """Run the halves one after the other; the exit status is the first failure's."""
    only = _take(arguments, "--once")
    if "--fuzz" in arguments:
        arguments.remove("--fuzz")
        os.environ["FUZZ_LONG"] = "1"
        return _pytest("SQLite, long fuzzing", ["tests/system/test_fuzz.py", "-n", "2", *arguments])
    measured = [] if arguments or only else ["--cov", "--cov-report="]
    halves = {
        "sqlite": lambda: _pytest("SQLite", ["-n", "auto", *measured, *arguments]),
        "postgres": _postgres,
    }
    if only:
        return halves[only]() if only == "sqlite" else _postgres(["-n", "auto", *arguments])
    _coverage("erase")
    status = halves["sqlite"]() or _postgres(["-n", "auto", *measured, *_appended(measured), *arguments])
    if status == 0 and measured:
        return _coverage("report", f"--fail-under={_FAIL_UNDER}")
    return status


def _appended(measured: list[str]) -> list[str]:
    return ["--cov-append"] if measured else []


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
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    return subprocess.run(command, check=False).returncode


def _coverage(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "coverage", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
