"""`python -m tests.support.locks`: no lock, tool or configuration file names an address to install from."""

import re
import subprocess
import sys
from pathlib import Path

_ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|file:/")
_FILES = ("requirements.lock", "requirements-dev.lock", "pyproject.toml", "Makefile", ".ci/run")
_NEVER = ("uv.lock", "pylock.toml", "package-lock.json")


def main() -> int:
    """Name each offending line; 1 when there is one."""
    root = Path(__file__).parents[2]
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in _FILES
        for number, line in enumerate((root / name).read_text().splitlines(), 1)
        if _ADDRESS.search(line) and "127.0.0.1" not in line
    ]
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False
    ).stdout
    found += [f"{name}: must not be committed" for name in _NEVER if name in tracked.split()]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
