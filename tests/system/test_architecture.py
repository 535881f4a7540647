"""The shape of the code: who may know whom, how long things may be, and that each says what it is for.

The import contracts themselves are import-linter's, in pyproject.toml; here is what it cannot say.
"""

import ast
import re
import statistics
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "miniprogram_api"
CONTENT = ROOT / "content"
NOT_FEATURES = {"kernel", "web", "wechat", "operations", "devtools"}
# Sums over the tables of several features are no question one of them could answer.
READS_ALL_MODELS = {"reports"}
PRIVATE_TO_A_FEATURE = {"models", "schemas", "routes"}
VOCABULARY = {
    "models", "rules", "service", "queries", "schemas", "routes", "jobs", "events", "errors", "cli",
}  # fmt: skip
MOST_LINES, USUAL_LINES, USUAL_FUNCTION = 400, 250, 30


def _modules() -> list[Path]:
    ours = (PACKAGE.rglob("*.py"), CONTENT.rglob("*.py"), (ROOT / "config").glob("*.py"))
    return sorted([*(path for paths in ours for path in paths), ROOT / "wsgi.py"])


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _features() -> dict[str, Path]:
    """Each feature by its import name."""
    inside = {f"miniprogram_api.{path.name}": path for path in PACKAGE.iterdir()}
    packages = {**inside, "content": CONTENT}
    return {
        name: path
        for name, path in packages.items()
        if (path / "__init__.py").exists() and path.name not in NOT_FEATURES
    }


def _imported(tree: ast.Module) -> Iterator[str]:
    """Every module or name of ours that is imported, in full."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_package_stands_in_a_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    standing = {name.strip() for layer in layers for name in layer.split("|")}
    ours = {
        f"miniprogram_api.{path.stem}"
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"miniprogram_api.__init__"}
    assert ours | {"config", "content"} == standing


def test_no_feature_reaches_into_another() -> None:
    """Foreign keys are strings; another feature offers its service, queries, rules, events and errors.

    Reports may read models too, and only read: they have no service.
    """
    features = _features()
    reached = [
        f"{_name(path)}: {name}"
        for feature, folder in features.items()
        for path in folder.rglob("*.py")
        for name in _imported(_tree(path))
        for other in features.keys() - {feature}
        if name.startswith(f"{other}.")
        and (part := name.removeprefix(f"{other}.").split(".")[0]) in PRIVATE_TO_A_FEATURE
        and not (folder.name in READS_ALL_MODELS and part == "models")
    ]
    assert reached == []


def test_files_of_a_feature_have_the_usual_names_or_a_reason() -> None:
    unexplained = []
    for folder in _features().values():
        reasons = ast.get_docstring(_tree(folder / "__init__.py")) or ""
        for path in folder.iterdir():
            stem = path.stem
            usual = (
                stem in VOCABULARY or stem.split("_")[0] in VOCABULARY or stem.split("_")[-1] in VOCABULARY
            )
            if path.suffix == ".py" and not (usual or stem == "__init__" or f"`{stem}`" in reasons):
                unexplained.append(_name(path))
    assert unexplained == []


def test_no_file_is_named_after_nothing() -> None:
    names = {"utils", "helpers", "common", "manager", "managers", "base", "misc", "util", "helper"}
    assert [_name(path) for path in _modules() if path.stem in names] == []


def test_modules_are_short_and_usually_shorter() -> None:
    lengths = {_name(path): len(path.read_text().splitlines()) for path in _modules()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= USUAL_LINES


def test_functions_are_usually_short() -> None:
    lengths = [
        (node.end_lineno or 0) - node.lineno + 1 for path in _modules() for node in _functions(_tree(path))
    ]
    assert statistics.quantiles(lengths, n=10)[-1] <= USUAL_FUNCTION
    assert max(lengths) <= 2 * USUAL_FUNCTION


def test_every_module_says_what_it_is_for() -> None:
    silent = [_name(path) for path in _modules() if not ast.get_docstring(_tree(path))]
    assert silent == []


def test_what_a_feature_offers_says_what_it_promises() -> None:
    offered = re.compile(r"/(service|rules|queries)(/|\.py|_\w+\.py$)|_(rules|queries)\.py$")
    silent = [
        f"{_name(path)}: {node.name}"
        for path in _modules()
        if offered.search(_name(path))
        for node in _tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def _calls(tree: ast.Module, *names: str) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield node.lineno


def test_only_the_edges_end_transactions() -> None:
    domain = re.compile(r"/(service|rules|queries|models|events|errors)(/|\.py)")
    ending = [
        f"{_name(path)}:{line}"
        for path in _modules()
        if domain.search(_name(path)) and "/kernel/" not in str(path)
        for line in _calls(_tree(path), "commit", "rollback")
    ]
    assert ending == []


def test_services_ask_no_clock_and_open_no_transaction_unless_they_say_why() -> None:
    domain = re.compile(r"/(service|rules|queries)(/|\.py)")
    hot = [
        path for path in _modules() if "opens its own transaction" in (ast.get_docstring(_tree(path)) or "")
    ]
    asking = [
        f"{_name(path)}: {name}"
        for path in _modules()
        if domain.search(_name(path)) and path not in hot
        for name in _imported(_tree(path))
        if name in {
            "miniprogram_api.kernel.db.atomic", "miniprogram_api.kernel.db.reading",
            "miniprogram_api.kernel.db.single_statement", "miniprogram_api.kernel.clock.now",
            "miniprogram_api.kernel.clock.today",
        }
    ]  # fmt: skip
    asking += [
        f"{_name(path)}:{node.lineno}"
        for path in _modules()
        if domain.search(_name(path))
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in {("clock", "now"), ("clock", "today"), ("db", "session")}
    ]
    assert asking == []


def test_the_environment_is_read_in_one_place() -> None:
    elsewhere = [
        f"{_name(path)}:{node.lineno}"
        for path in _modules()
        if not _name(path).startswith(("config/", "miniprogram_api/devtools/"))
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]
    elsewhere += [
        f"{_name(path)}: {name}"
        for path in _modules()
        if path != ROOT / "config" / "dotenv.py"
        for name in _imported(_tree(path))
        if name.startswith("dotenv")
    ]
    # The metrics library finds its folder there, and a database's own tools their password.
    allowed = ("miniprogram_api/web/health.py", "miniprogram_api/operations/backup.py")
    assert [where for where in elsewhere if not where.startswith(allowed)] == []


def test_nothing_is_caught_wholesale_in_the_middle() -> None:
    domain = re.compile(r"/(service|rules|queries|models|events|errors|schemas)(/|\.py)")
    caught = [
        f"{_name(path)}:{node.lineno}"
        for path in _modules()
        if domain.search(_name(path)) and "/kernel/" not in str(path)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        )
    ]
    assert caught == []


@pytest.mark.parametrize("module", ["miniprogram_api.web.messages.web", "config.gunicorn"])
def test_the_test_of_imports_sees_what_is_imported(module: str) -> None:
    """The positive control of the tests above."""
    tree = ast.parse(
        f"from {module.rpartition('.')[0]} import {module.rpartition('.')[2]}\nimport {module}\n"
    )
    assert list(_imported(tree)) == [module.rpartition(".")[0], module, module]
