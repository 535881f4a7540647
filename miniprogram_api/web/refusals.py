"""Which refusals an operation may answer with, told by what guards it: each is named in the documents."""

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from miniprogram_api.web.auth import PUBLIC

_PARAMETER = re.compile(r"<(?:[^:<>]+:)?(\w+)>")
_SAFE = frozenset({"get", "head", "options"})
_PARTNERS = "/api/registry/"

Refer = Callable[[HTTPStatus], dict[str, Any]]


def name_refusals(app: Flask, document: dict[str, Any], refer: Refer) -> None:
    """Add to each operation of the document the refusals it lacks, each as a reference to its description."""
    for rule in app.url_map.iter_rules():
        operations = document["paths"].get(_PARAMETER.sub(r"{\1}", rule.rule), {})
        view = app.view_functions[rule.endpoint]
        for method in (rule.methods or set()) & {name.upper() for name in operations}:
            operation = operations[method.lower()]
            for status in _refusals(rule, method.lower(), operation, view):
                operation["responses"].setdefault(str(status.value), refer(status))


def _refusals(rule: Rule, method: str, operation: dict[str, Any], view: Any) -> Iterator[HTTPStatus]:
    changes = method not in _SAFE
    asked = [str(one["name"]) for one in operation.get("parameters", []) if "name" in one]
    is_partners = rule.rule.startswith(_PARTNERS)
    yield HTTPStatus.SERVICE_UNAVAILABLE
    # Who signs in, or signs what is sent, is told as much where no permission is asked for.
    if changes or getattr(view, "policy", PUBLIC) != PUBLIC:
        yield from (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    if changes:
        yield from (HTTPStatus.CONFLICT, HTTPStatus.INSUFFICIENT_STORAGE)
    if changes or rule.arguments or any(name.endswith("_id") for name in asked):
        yield HTTPStatus.NOT_FOUND
    if "site_id" in rule.arguments or (is_partners and "cursor" in asked):
        yield HTTPStatus.GONE
    if is_partners and "cursor" in asked:
        yield HTTPStatus.BAD_REQUEST
    if changes or is_partners or getattr(view, "is_limited", False):
        yield HTTPStatus.TOO_MANY_REQUESTS
    if changes:
        yield from (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if changes or asked:
        yield HTTPStatus.UNPROCESSABLE_ENTITY
