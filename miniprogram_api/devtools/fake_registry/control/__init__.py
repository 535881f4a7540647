"""The control interface under `/_fake/`: how a test or a demonstration plays the registry's own people.

Every control call is one row of `ROUTES`; `GET /_fake` lists them. Projects are taken as they come, since
what is wrong with them is for the consumer to find.
"""

import json
import re
from typing import Any

from miniprogram_api.devtools.fake_registry.control import papers, projects, trouble
from miniprogram_api.devtools.fake_registry.control.routes import Route
from miniprogram_api.devtools.fake_registry.control.trouble import plan
from miniprogram_api.devtools.fake_registry.state import State
from miniprogram_api.devtools.fake_registry.wire import Reply, encode
from miniprogram_api.devtools.inputs import INVALID, ControlError, Inputs

__all__ = ["PREFIX", "ROUTES", "answer_control", "plan"]

PREFIX = "/_fake"
ROUTES: tuple[Route, ...] = (*projects.ROUTES, *papers.ROUTES, *trouble.ROUTES)


def answer_control(state: State, method: str, path: str, body: bytes) -> Reply:
    """Carry out one control call under the lock; mistakes answer 404, 405 or 422 with a message."""
    rest = path.removeprefix(PREFIX).rstrip("/")
    if rest == "" and method == "GET":
        return _json({"control": [route.describe(PREFIX) for route in ROUTES]})
    try:
        route, name = _find(method, rest)
        inputs = _read(body, route)
        with state.lock:
            return _json(route.handler(state, name, inputs))
    except ControlError as error:
        kind = "invalid" if error.status == INVALID else "refused"
        return _json({"error": kind, "message": error.message, "field": error.field}, error.status)


def _find(method: str, rest: str) -> tuple[Route, str]:
    fitting = [
        (route, found.group(1) if found.groups() else "")
        for route in ROUTES
        if (found := re.fullmatch(re.sub(r"\{\w+\}", "([^/]+)", route.path), rest))
    ]
    for route, name in fitting:
        if route.method == method:
            return route, name
    if fitting:
        raise ControlError(405, f"use {' or '.join(sorted(route.method for route, _ in fitting))}")
    raise ControlError(404, f"no such control call; GET {PREFIX} lists them")


def _read(body: bytes, route: Route) -> Inputs:
    if route.fields is not None:
        return Inputs.parse(body, route.fields)
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise ControlError(INVALID, "the body must be a JSON object")
    return Inputs({"given": given})


def _json(payload: dict[str, Any], status: int = 200) -> Reply:
    return Reply(encode(payload), status=status)
