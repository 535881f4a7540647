"""Which facts the code records with an action, read from the code itself."""

import ast
from collections.abc import Iterator

from tests.support.audit_actions import modules

_KEYWORDS = {"before", "after"}


def recorded_facts() -> set[str]:
    """Keys of the dictionaries that become `before` or `after` of an audit row."""
    found: set[str] = set()
    for path in modules():
        tree = ast.parse(path.read_text())
        homes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for home in homes.values():
            for given in _given(home):
                found |= set(_keys(given, home, homes, set()))
    return found


def _given(home: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in ast.walk(home):
        if isinstance(node, ast.Call):
            yield from (word.value for word in node.keywords if word.arg in _KEYWORDS)


def _keys(
    value: ast.AST, home: ast.FunctionDef, homes: dict[str, ast.FunctionDef], seen: set[str]
) -> Iterator[str]:
    """Of the dictionaries in an expression, in what its names were given, and in what its calls return."""
    for node in ast.walk(value):
        if isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value
        elif isinstance(node, ast.Name) and node.id not in seen:
            seen.add(node.id)
            for assigned in _assigned(home, node.id):
                yield from _keys(assigned, home, homes, seen)
            if node.id in homes:
                for part in ast.walk(homes[node.id]):
                    if isinstance(part, ast.Return) and part.value is not None:
                        yield from _keys(part.value, homes[node.id], homes, seen)


def _assigned(home: ast.FunctionDef, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(home):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and target.id == name and node.value is not None:
                yield node.value
            elif (
                isinstance(target, ast.Subscript)
                and isinstance(target.value, ast.Name)
                and target.value.id == name
            ):
                yield ast.Dict([target.slice], [node.value])
