"""The files of the project, on a machine with git or without."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MADE = {".venv", "var", "htmlcov"}


def project_files() -> list[Path]:
    """What is in the repository; where that cannot be asked, what lies here and was not made by a tool."""
    if shutil.which("git") is not None:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
        if listed.returncode == 0 and listed.stdout:
            return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]
    return [path for top in ROOT.iterdir() if _is_ours(top) for path in _below(top)]


def _is_ours(top: Path) -> bool:
    hidden = top.name.startswith(".") and top.name not in {".ci", ".env.example", ".gitignore", ".npmrc"}
    return not hidden and top.name not in _MADE and not top.name.endswith(".egg-info")


def _below(top: Path) -> list[Path]:
    if top.is_file():
        return [top]
    return [path for path in top.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
