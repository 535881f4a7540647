"""Every documented operation with generated requests: no 5xx, no answer the document does not know.

The short form runs with the tests; `make fuzz` runs the long one.
"""

import os
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, Verbosity, given, settings, strategies
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.web.limits import init_limits
from tests.support.authorisation import DOCUMENTS, World
from tests.support.callers import CALLERS, Person, Route, routes_of

EXAMPLES = 150 if os.environ.get("FUZZ_LONG") else 4
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
MOSTLY = strategies.sampled_from([True, True, False])
PROFILE = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=not os.environ.get("FUZZ_LONG"),
    phases=[Phase.explicit, Phase.generate],
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)


def _somebody(world: World, route: Route) -> Person | None:
    """Whoever may call this, signed in for this operation alone: some of them end their own session."""
    if route.policy == "public":
        return None
    caller = next(caller for caller in CALLERS if route.policy in caller.may)
    return world.sign_in(caller, world.make_side())


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_request_breaks_the_contract(
    app: Flask, fake_wechat: FakeWeChat, document: str, subtests: pytest.Subtests
) -> None:
    world = World(app)
    routes = {(route.method, route.template): route for route in routes_of(app)}
    schema = schemathesis.openapi.from_wsgi(f"/openapi/{document}.json", app)
    for found in schema.get_all_operations():
        operation = found.ok()
        route = routes[operation.method.upper(), operation.path]
        with subtests.test(str(route)):
            _fuzz(app, world, route, operation)


def _fuzz(app: Flask, world: World, route: Route, operation: Any) -> None:
    person = _somebody(world, route)
    ids = world.ids_of(route, person) if person else {}
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}
    right, wrong = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

    @PROFILE
    @given(case=right | wrong, known=MOSTLY)
    def answers_as_documented(case: Case, known: bool) -> None:
        init_limits(app, redis_url="", spare_loopback=True)
        if known:
            _name_what_exists(case, ids)
        # Pages are prepared in gzip too, which the in-process transport does not unpack.
        case.call_and_validate(headers=headers | {"Accept-Encoding": "identity"}, checks=CHECKS)

    answers_as_documented()


def _name_what_exists(case: Case, ids: dict[str, str]) -> None:
    """Generated ids name nothing, and so never get past the question whether there is such a thing."""
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: ids[name] for name in part.keys() & ids.keys()})
