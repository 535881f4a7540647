"""The control interface under `/_fake/`: how a test or a demo plays the users, the console and the accidents.

Every control call is one row of `ROUTES`; `GET /_fake` lists them with the fields each one reads.
"""

import json
from typing import Any
from urllib.parse import parse_qsl

from miniprogram_api.devtools.fake_wechat.control import accounts, official, people, trouble
from miniprogram_api.devtools.fake_wechat.control.routes import Route
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Reply
from miniprogram_api.devtools.inputs import INVALID, ControlError, Inputs

PREFIX = "/_fake"
ROUTES: dict[tuple[str, str], Route] = {
    (route.method, route.path): route
    for module in (people, accounts, official, trouble)
    for route in module.ROUTES
}


def answer_control(state: State, method: str, path: str, query: str, body: bytes) -> Reply:
    """Carry out one control call under the lock; mistakes answer 404, 405 or 422 with a message."""
    rest = path.removeprefix(PREFIX).rstrip("/")
    if rest == "" and method == "GET":
        return _json({"control": [route.describe(PREFIX) for route in ROUTES.values()]})
    try:
        route = _find(method, rest)
        if method == "GET":
            pairs = dict(parse_qsl(query, keep_blank_values=True))
            inputs = Inputs.parse(json.dumps(pairs).encode(), route.fields)
        else:
            inputs = Inputs.parse(body, route.fields)
        with state.lock:
            return _json(route.handler(state, inputs))
    except ControlError as error:
        kind = "invalid" if error.status == INVALID else "refused"
        return _json({"error": kind, "message": error.message, "field": error.field}, error.status)


def _find(method: str, rest: str) -> Route:
    route = ROUTES.get((method, rest))
    if route is not None:
        return route
    methods = sorted(known for known, path in ROUTES if path == rest)
    if methods:
        raise ControlError(405, f"use {' or '.join(methods)}")
    raise ControlError(404, f"no such control call; GET {PREFIX} lists them")


def _json(payload: dict[str, Any], status: int = 200) -> Reply:
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Reply(body=body, content_type="application/json", status=status)
