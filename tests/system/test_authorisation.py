"""The authorisation matrix, generated from the URL map: every route, every caller, own and foreign objects.

Pages of the console have a matrix of their own. To cover a new route: declare its policy by `@public` or
`@requires`, give its body an example, and add a new path parameter to EXAMPLES in
`tests/support/example_objects.py`. What differs on purpose is listed below.
"""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from miniprogram_api.identity.permissions import PERMISSIONS
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.rules.partners import PARTNER_SCOPES
from tests.support.authorisation import DOCUMENTS, World, foreign_names
from tests.support.callers import CALLERS, SAFE, Caller, Person, Route, routes_of
from tests.support.example_objects import EXAMPLES

pytestmark = pytest.mark.usefixtures("clock")

# The documents of the API itself, served by the library.
_WITHOUT_POLICY = {f"{name}-api-docs.openapi_json" for name in DOCUMENTS}

# Which permission it takes depends on what the body asks for; the service decides.
_DECIDED_LATER = {
    # The example suspends a site; opening one takes sites.publish.
    "POST /api/staff/v1/sites/{site_id}/overlay": {"sites.manage"},
}
# The body names an object that is granted, not worked on: an unknown one is a wrong field, 422.
_NAMES_A_FIELD = {"POST /api/staff/v1/staff/{staff_id}/grants", "POST /api/staff/v1/staff"}

# The example finds nothing to change, so there is nothing to record.
_LEAVES_NO_TRACE = {
    "POST /api/staff/v1/staff/{staff_id}/enable": "the account is not disabled",
    "POST /api/staff/v1/sites/{site_id}/slots/generate": "the site has no opening rules",
    "POST /api/staff/v1/gate/scans": "the code is nobody's ticket",
    "POST /api/staff/v1/gate/scans/batch": "the code is nobody's ticket",
    "POST /api/staff/v1/gate/lookups": "it only looks",
    **{
        f"POST /api/v1/{act}": "what members read is nobody's business: docs/decisions/0018"
        for act in (
            "articles/{article_id}/read",
            "articles/{article_id}/like",
            "articles/{article_id}/unlike",
            "articles/{article_id}/favourite",
            "articles/{article_id}/unfavourite",
            "articles/{article_id}/quiz-attempts",
            "topics/{topic_id}/follow",
            "topics/{topic_id}/unfollow",
        )
    },
}


# What the example asks for cannot be done to the example object, and is refused for that alone.
_REFUSED = {
    "PATCH /api/staff/v1/sites/{site_id}/slots/{slot_id}": 409,  # the slot has begun
    "POST /api/registry/v1/deliveries/{sending_id}/replay": 409,  # it is on its way
    "POST /api/registry/v1/subscriptions": 422,  # the endpoint leads to nobody
    "POST /api/staff/v1/bookings/{booking_id}/no-show-correction": 409,  # nobody was marked
    "POST /api/staff/v1/me/password": 422,  # the present password is another
    "POST /api/staff/v1/registry/subscriptions/{subscription_id}/approve": 409,  # its endpoint is silent
    "POST /api/staff/v1/registry/subscriptions/{subscription_id}/disable": 409,  # it waits for approval
    "POST /api/staff/v1/sessions/current/second-factor": 422,  # the code is of no authenticator
    "POST /api/staff/v1/sites/{site_id}/bookings": 409,  # the slot has begun
    "POST /api/staff/v1/sites/{site_id}/corrections": 409,  # the registry knows no such site
    "POST /api/staff/v1/sites/{site_id}/gate-devices/{device_id}/restore": 409,  # it is not frozen
    "POST /api/staff/v1/staff/{staff_id}/grants/{grant_id}/approve": 409,  # it does not wait
    "POST /api/staff/v1/staff/{staff_id}/grants/{grant_id}/restore": 409,  # it is not frozen
    "POST /api/v1/subscriptions": 422,  # no message is set up
}
# What is more than one change, and so has more than one row.
_ROWS = {
    "POST /api/staff/v1/sites/{site_id}/opening-rules": 2,  # the rule, and the slots that follow it
    "PATCH /api/staff/v1/sites/{site_id}/opening-rules/{rule_id}": 2,
    "DELETE /api/staff/v1/sites/{site_id}/opening-rules/{rule_id}": 2,
    "POST /api/staff/v1/partners": 2,  # the partner, and its key
    "POST /api/staff/v1/registry/dead-letters/{letter_id}/replay": 2,  # the letter, and the site
    "POST /api/v1/notices/{project_id}/objections": 2,  # the objection, and the consent
}


def _guarded(app: Flask) -> list[Route]:
    return [r for r in routes_of(app) if r.policy not in {None, "public"} and not r.is_page]


def _tried(app: Flask) -> list[Route]:
    """Without those that another test says cannot be tried yet."""
    return [route for route in _guarded(app) if EXAMPLES.keys() >= set(route.parameters)]


def _allowed(route: Route) -> Iterator[Caller]:
    return (caller for caller in CALLERS if route.policy in caller.may)


def _report(failures: list[str]) -> None:
    assert not failures, "\n" + "\n".join(failures)


def _seen(answer: TestResponse) -> tuple[int, dict[str, object]]:
    """What must not differ between somebody else's object and none."""
    body = answer.get_json(silent=True) or {}
    of_the_request = {"trace_id", "request_id", "instance"}
    return answer.status_code, {name: value for name, value in body.items() if name not in of_the_request}


def test_every_route_declares_its_policy(app: Flask) -> None:
    undeclared = [str(r) for r in routes_of(app) if r.policy is None and r.endpoint not in _WITHOUT_POLICY]
    assert undeclared == [], "declare @public or @requires"


def test_every_declared_permission_is_in_the_policy(app: Flask) -> None:
    unknown = {route.policy for route in _guarded(app)} - set(PERMISSIONS) - set(PARTNER_SCOPES)
    assert unknown == set(), "add it to identity/permissions.py, or to registry/rules/partners.py"


def test_partners_and_people_may_nothing_in_common(app: Flask) -> None:
    assert set(PERMISSIONS).isdisjoint(PARTNER_SCOPES)
    for route in _guarded(app):
        assert (route.policy in PARTNER_SCOPES) == route.rule.startswith("/api/registry/v1/"), str(route)


def test_nothing_is_changed_under_a_permission_to_read(app: Flask) -> None:
    wrong = [
        f"{route} takes {route.policy}"
        for route in _guarded(app)
        if route.method not in SAFE
        and str(route.policy).endswith((".view", ".read"))
        and str(route) not in _DECIDED_LATER
    ]
    _report(wrong)


def test_every_route_can_be_tried(app: Flask) -> None:
    world = World(app)
    gaps = [
        f"{route}: parameter `{name}` is new; add it to EXAMPLES"
        for route in _guarded(app)
        for name in route.parameters
        if name not in EXAMPLES
    ]
    gaps += [
        f"{route}: its body has no example; give one to @blp.arguments"
        for route in _guarded(app)
        if world.needs_example(route)
    ]
    _report(gaps)


@pytest.mark.once
def test_nobody_gets_in_without_a_permission(app: Flask) -> None:
    """Anonymous 401, and 403 for whoever lacks the permission, before the request is looked at."""
    world = World(app)
    people = [world.sign_in(caller, world.own) for caller in CALLERS]
    failures = []
    for route in _guarded(app):
        ids = {name: str(new_id()) for name in route.parameters}
        for person in (None, *people):
            if person is not None and route.policy in person.caller.may:
                continue
            expected = 401 if person is None else 403
            answer = world.call(route, person, ids)
            if answer.status_code != expected:
                who = "anonymous" if person is None else person.caller.name
                failures.append(f"{route} by {who}: {answer.status_code} instead of {expected}")
    _report(failures)


def test_a_foreign_object_looks_like_none(app: Flask) -> None:
    world = World(app)
    failures = []
    for route in _tried(app):
        for caller in _allowed(route):
            failures += _misses(world, route, caller)
    _report(failures)


def _misses(world: World, route: Route, caller: Caller) -> Iterator[str]:
    names = [*route.parameters, *(() if str(route) in _NAMES_A_FIELD else world.named_in_request(route))]
    if not names:
        return
    person, stranger = (world.sign_in(caller, world.make_side()) for _ in range(2))
    ids, others = world.ids_of(route, person), world.ids_of(route, stranger)
    foreign = set(foreign_names(world, route, caller))
    for name in names:
        unknown = _seen(world.call(route, person, ids | {name: str(new_id())}))
        if unknown[0] != 404:
            yield f"{route} by {caller.name}: unknown {name} gives {unknown}"
        elif name in foreign:
            found = _seen(world.call(route, person, ids | {name: others[name]}))
            if found != unknown:
                yield f"{route} by {caller.name}: foreign {name} gives {found}, unknown {unknown}"


def test_what_is_allowed_works_and_every_change_leaves_a_trace(app: Flask) -> None:
    """Own objects are reached, with the documented answer; each change has its row and is in the outbox."""
    world = World(app)
    failures = []
    for route in _tried(app):
        for caller in _allowed(route):
            # What one caller changed is not what the next one finds.
            side = world.own if route.method in SAFE else world.make_side()
            failures += _troubles(world, route, world.sign_in(caller, side))
    _report(failures)


def _troubles(world: World, route: Route, person: Person) -> Iterator[str]:
    ids = world.ids_of(route, person)
    _make_what_is_deleted(world, route, person, ids)
    before = _traces()
    answer = world.call(route, person, ids)
    decided = _DECIDED_LATER.get(str(route))
    may = decided is None or not person.caller.may.isdisjoint(decided)
    expected = _REFUSED.get(str(route), world.success(route)) if may else 403
    if answer.status_code != expected:
        yield f"{route} by {person.caller.name}: {answer.status_code} and not {expected}: {answer.text}"
    rows, facts = (after - earlier for after, earlier in zip(_traces(), before, strict=True))
    changed = answer.status_code < 300 and route.method not in SAFE and str(route) not in _LEAVES_NO_TRACE
    due = _ROWS.get(str(route), 1) if changed else 0
    due += person.caller.kind == "partner"  # each call of a partner's is in the trail, whatever it comes to
    if rows != due or (changed and facts < 1):
        yield f"{route} by {person.caller.name}: left {rows} audit rows and not {due}, and {facts} events"


def _make_what_is_deleted(world: World, route: Route, person: Person, ids: dict[str, str]) -> None:
    """Of what exists at most once, and is made under the address at which it is deleted."""
    if route.method == "DELETE":
        for made in _guarded(world.app):
            if made.method == "POST" and made.template == route.template:
                assert world.call(made, person, ids).status_code < 300


def _traces() -> tuple[int, int]:
    with reading() as session:
        rows = session.scalar(select(func.count()).select_from(AuditRow))
        facts = session.scalar(select(func.count()).select_from(EventRow))
    return rows or 0, facts or 0
