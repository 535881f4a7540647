"""The documents say what the code does: generated ones are fresh, and what operators need is named."""

import re
from pathlib import Path

import click
import pytest
from flask import Flask

from miniprogram_api.devtools.documents import ROOT, documents
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.web.messages import catalogue
from tests.support.tree import project_files

pytestmark = pytest.mark.once

_FORBIDDEN = re.compile(r"/work/|/farm/|\.\./shared|\bshared/|py" + r"pi\.org|npm" + r"js\.(?:com|org)", re.I)
_TEXT = {".py", ".md", ".toml", ".lock", ".sh", ".json", ".mako", ".ini", ".example", ""}


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return documents()


@pytest.mark.parametrize(
    "name",
    [
        "docs/settings.md",
        ".env.example",
        "docs/errors.md",
        "docs/licences.md",
        "docs/openapi/app.json",
        "docs/openapi/staff.json",
        "docs/openapi/partner.json",
        "docs/openapi/open.json",
        "docs/contract/asyncapi.json",
    ],
)
def test_a_generated_document_is_fresh(generated: dict[str, str], name: str) -> None:
    assert (ROOT / name).read_text() == generated[name], "run `make docs`"


def _all_errors(kind: type[AppError]) -> set[str]:
    return {kind.code} | {code for child in kind.__subclasses__() for code in _all_errors(child)}


def test_every_error_has_a_chinese_and_an_english_text(generated: dict[str, str]) -> None:
    codes = {code for code in _all_errors(AppError) if not code.startswith(("app.", "test"))}
    assert codes <= set(catalogue())
    for code, (chinese, english) in catalogue().items():
        assert re.search(r"[\u4e00-\u9fff]", chinese), code
        assert english.isascii() or "…" in english, code


def _commands(group: click.Command, path: str = "") -> set[str]:
    if not isinstance(group, click.Group):
        return {path}
    return {
        found
        for name, child in group.commands.items()
        for found in _commands(child, f"{path} {name}".strip())
    }


def test_every_command_of_ours_is_in_the_operations_manual(app: Flask) -> None:
    manual = (ROOT / "docs/operations.md").read_text()
    borrowed = ("db ", "openapi ", "run", "shell", "routes")
    ours = {name for name in _commands(app.cli) if not name.startswith(borrowed)}
    assert {name for name in ours if f"flask {name}" not in manual} == set()


def test_make_targets_are_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("run", "test", "check", "bench", "fix", "migrate", "worker", "lock", "demo"):
        assert re.search(rf"^{target}:.*## \w", makefile, re.M), target


def test_the_readme_opens_with_the_two_commands() -> None:
    opening = (ROOT / "README.md").read_text()[:600]
    assert "make run" in opening
    assert "make test" in opening


def _tracked() -> list[Path]:
    return [path for path in project_files() if path.suffix in _TEXT]


def test_without_git_the_same_files_are_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    with_git = set(_tracked())
    monkeypatch.setattr("tests.support.tree.shutil.which", lambda _name: None)
    assert with_git <= set(_tracked())


def test_nothing_names_a_place_outside_the_project() -> None:
    here = Path(__file__)
    found = [
        str(path.relative_to(ROOT))
        for path in _tracked()
        if path != here and _FORBIDDEN.search(path.read_text(errors="ignore"))
    ]
    assert found == []
