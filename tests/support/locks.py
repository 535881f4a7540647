"""`python -m tests.support.locks`: no lock, tool or configuration file names an address to install from."""

import re
import sys

from tests.support.tree import ROOT, project_files

_ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|file:/")
_FILES = ("requirements.lock", "requirements-dev.lock", "pyproject.toml", "Makefile", ".ci/run")
_NEVER = ("uv.lock", "pylock.toml", "package-lock.json")


def main() -> int:
    """Name each offending line; 1 when there is one."""
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in _FILES
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
        if _ADDRESS.search(line) and "127.0.0.1" not in line
    ]
    kept = {str(path.relative_to(ROOT)) for path in project_files()}
    found += [f"{name}: must not be committed" for name in _NEVER if name in kept]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
