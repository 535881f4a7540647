"""Which actions the code records in the audit trail, read from the code itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.tree import ROOT

_PACKAGE = ROOT / "miniprogram_api"
_CONTENT = ROOT / "content"
_SKIPPED = {"devtools", "console"}
_NAME = re.compile(r"[a-z_]+\.[a-z_]+")


def recorded_actions() -> set[str]:
    """Literal actions, those made of a prefix and a word, and the names of events that leave a trace."""
    trees = {path: ast.parse(path.read_text()) for path in modules()}
    events = {name: value for tree in trees.values() for name, value in _events(tree)}
    found: set[str] = set()
    for path, tree in trees.items():
        found |= set(_literal(tree))
        found |= set(_prefixed(tree, _words_passed(tree, trees, path)))
        found |= {events[name] for name in _left(tree) if name in events}
    return found


def modules() -> Iterator[Path]:
    """Where something may be recorded."""
    for path in sorted([*_PACKAGE.rglob("*.py"), *_CONTENT.rglob("*.py")]):
        if path.relative_to(ROOT).parts[1] not in _SKIPPED:
            yield path


def _events(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if (
                    isinstance(part, ast.AnnAssign)
                    and isinstance(part.target, ast.Name)
                    and part.target.id == "name"
                    and isinstance(part.value, ast.Constant)
                ):
                    yield node.name, str(part.value.value)


def _actions(tree: ast.Module) -> Iterator[ast.expr]:
    """What is given as `action`, to whatever is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (word.value for word in node.keywords if word.arg == "action")


def _literal(tree: ast.Module) -> Iterator[str]:
    for value in _actions(tree):
        for part in () if isinstance(value, ast.JoinedStr) else ast.walk(value):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and _NAME.fullmatch(part.value):
                yield part.value


def _prefixed(tree: ast.Module, words: set[str]) -> Iterator[str]:
    """`f"registry.{action}"` with each word that its function is given in that module."""
    for value in _actions(tree):
        if isinstance(value, ast.JoinedStr) and isinstance(value.values[0], ast.Constant):
            prefix = str(value.values[0].value)
            yield from (f"{prefix}{word}" for word in words)


def _words_passed(tree: ast.Module, trees: dict[Path, ast.Module], path: Path) -> set[str]:
    """The words that the function around an action is called with; `sites` calls one from many modules."""
    homes = [function for function in ast.walk(tree) if isinstance(function, ast.FunctionDef)]
    wanted: set[str] = set()
    for home in homes:
        if not any(isinstance(value, ast.JoinedStr) for value in _actions(ast.Module([home], []))):
            continue
        places = trees.values() if not home.name.startswith("_") else [tree]
        names = [argument.arg for argument in (*home.args.args, *home.args.kwonlyargs)]
        parameter = next(name for name in names if name in {"action", "change", "step"})
        for place in places:
            for call in ast.walk(place):
                if isinstance(call, ast.Call) and _called(call) == home.name:
                    wanted |= set(_given(call, names, parameter, place))
    return wanted


def _given(call: ast.Call, names: list[str], parameter: str, place: ast.Module) -> Iterator[str]:
    given = {word.arg: word.value for word in call.keywords} | dict(zip(names, call.args, strict=False))
    value = given.get(parameter)
    if isinstance(value, ast.Name):  # chosen a line before
        chosen = [
            node.value
            for node in ast.walk(place)
            if isinstance(node, ast.Assign) and any(_is(target, value.id) for target in node.targets)
        ]
    else:
        chosen = [value] if value is not None else []
    for expression in chosen:
        for part in ast.walk(expression):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
                yield part.value


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _left(tree: ast.Module) -> Iterator[str]:
    """Classes of events that are made in a call that leaves a trace, or in the function around one."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        names_itself = any(
            isinstance(value, ast.Attribute) and value.attr == "name"
            for value in _actions(ast.Module([function], []))
        )
        if names_itself or any(_called(call) in {"leave", "_leave", "leave_all"} for call in calls):
            yield from (node.id for node in ast.walk(function) if isinstance(node, ast.Name))
            yield from (node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute))


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
    return ""
