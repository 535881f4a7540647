"""What the application may load: nothing that only development needs, and not more modules than it did."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
# Counted, not timed: importing and building takes some 0.7 ms of CPU a module.
MOST_MODULES = 2_600


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The modules of a process that has imported `wsgi`."""
    code = "import json, sys, wsgi; print(json.dumps(sorted(sys.modules)))"
    variables = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path_factory.mktemp("budget")),
        "APP_ENV": "test",
    }
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=variables, capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    "name",
    [
        "miniprogram_api.devtools",
        "tests",
        "pytest",
        "_pytest",
        "hypothesis",
        "schemathesis",
        "fakeredis",
        "mypy",
    ],
)
def test_production_loads_nothing_of_development(loaded: list[str], name: str) -> None:
    assert [module for module in loaded if module == name or module.startswith(f"{name}.")] == []


def test_the_application_loads_no_more_than_it_did(loaded: list[str]) -> None:
    assert 500 < len(loaded) <= MOST_MODULES
