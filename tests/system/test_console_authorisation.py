"""The authorisation matrix of the console: every page, every caller, own and foreign objects.

To cover a new page: declare its policy, look its objects up before its form, and add a new path parameter to
EXAMPLES in `tests/support/example_objects.py`.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.web.limits import init_limits
from tests.support.authorisation import World
from tests.support.callers import CALLERS, SAFE, Person, Route, routes_of
from tests.support.example_objects import EXAMPLES
from tests.support.pages import PageClient

pytestmark = [pytest.mark.usefixtures("clock"), pytest.mark.once]

# What differs between two answers to the same question.
_OF_THE_REQUEST = re.compile(r'<code>[^<]*</code>|name="csrf_token" value="[^"]*"')
# Parts of an address that are words and no objects, and one that there is.
_WORDS = {"kind": "csv", "table": "day", "to": "suspended", "name": "identity.audit_export_rows"}
# Which step may be taken is the opening state's question: some take sites.manage, one takes sites.publish.
_DECIDED_LATER = {f"{method} /console/sites/{{site_id}}/state/{{to}}" for method in ("GET", "POST")}
# A file made out of what the page shows.
_ONLY_READS = {"POST /console/sites/{site_id}/day/export.{kind}"}
# What was done and leaves no line of its own in the trail, and why.
_NOT_RETIRED = "the example is not in the bin, so there is nothing to restore"
_BY_SCRIPT = "a call of the editor's script; whoever sends a form there is led to the editor"
_NO_LINE = {
    "POST /console/content/articles/{article_id}/placing": "an empty form is what the example has already",
    "POST /console/content/articles/{article_id}/draft": _BY_SCRIPT,
    "POST /console/content/articles/{article_id}/lock": _BY_SCRIPT,
    "POST /console/content/articles/{article_id}/lock/release": _BY_SCRIPT,
    "POST /console/content/articles/{article_id}/preview": _BY_SCRIPT,
    "POST /console/content/assets/{asset_id}/restore": _NOT_RETIRED,
    "POST /console/content/articles/{article_id}/put-back": _NOT_RETIRED,
    "POST /console/content/topics/{topic_id}/restore": _NOT_RETIRED,
    "POST /console/sites/{site_id}/corrections/notes/{note_id}/restore": _NOT_RETIRED,
    "POST /console/sites/{site_id}/indicators/{indicator_id}/restore": _NOT_RETIRED,
    "POST /console/sites/{site_id}/photos/{photo_id}/restore": _NOT_RETIRED,
    "POST /console/sites/{site_id}/technologies/{technology_id}/restore": _NOT_RETIRED,
    "POST /console/sites/{site_id}/edit": "an empty form is what the example's profile holds already",
    "POST /console/sites/{site_id}/notices/{notice_id}/restore": _NOT_RETIRED,
    "POST /console/staff/{staff_id}/invitation/withdraw": "the example has no link to withdraw",
}
_AT_THE_DESK = [caller for caller in CALLERS if caller.kind in {"staff", "device"}]


def _guarded(app: Flask) -> list[Route]:
    return [route for route in routes_of(app) if route.is_page and route.policy not in {None, "public"}]


def _report(failures: list[str]) -> None:
    assert not failures, "\n" + "\n".join(failures)


def _sit_down(app: Flask, person: Person | None) -> PageClient:
    if person is None:
        return PageClient(app)
    return PageClient(app, person.token, cookie="gid" if person.caller.kind == "device" else "sid")


def _call(app: Flask, client: PageClient, route: Route, ids: dict[str, str]) -> TestResponse:
    init_limits(app, redis_url="", spare_loopback=True)
    path = route.template.format(**ids)
    return client.get(path) if route.method in SAFE else client.post(path)


def _ids_of(world: World, route: Route, person: Person) -> dict[str, str]:
    ids: dict[str, str] = {}
    for name in route.parameters:
        ids[name] = _WORDS[name] if name in _WORDS else EXAMPLES[name].make(world, person, ids)
    return ids


def _lines() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(AuditRow)) or 0


def _seen(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, _OF_THE_REQUEST.sub("", answer.text)


def test_every_page_can_be_tried(app: Flask) -> None:
    _report(
        [
            f"{route}: parameter `{name}` is new; add it to EXAMPLES"
            for route in _guarded(app)
            for name in route.parameters
            if name not in EXAMPLES.keys() | _WORDS.keys()
        ]
    )


def test_who_is_not_signed_in_is_asked_to_and_comes_back(app: Flask) -> None:
    client, failures = PageClient(app), []
    for route in _guarded(app):
        answer = _call(app, client, route, {name: str(new_id()) for name in route.parameters})
        place = answer.headers.get("Location", "")
        if answer.status_code != 303 or not place.startswith("/console/sign-in?next=/console/"):
            failures.append(f"{route}: {answer.status_code} {place}")
    _report(failures)


def test_nobody_opens_a_page_without_its_permission(app: Flask) -> None:
    world, failures = World(app), []
    for caller in _AT_THE_DESK:
        client = _sit_down(app, world.sign_in(caller, world.own))
        for route in _guarded(app):
            if route.policy in caller.may:
                continue
            answer = _call(app, client, route, {name: str(new_id()) for name in route.parameters})
            if answer.status_code != 403 or "没有权限" not in answer.text:
                failures.append(f"{route} by {caller.name}: {answer.status_code}")
    _report(failures)


def test_nothing_is_changed_under_a_permission_to_read(app: Flask) -> None:
    wrong = [
        f"{route} takes {route.policy}"
        for route in _guarded(app)
        if route.method not in SAFE
        and str(route.policy).endswith(".view")
        and str(route) not in _DECIDED_LATER | _ONLY_READS
    ]
    _report(wrong)


def test_own_pages_open(app: Flask) -> None:
    """And a form that is sent empty is no more than refused; what changed something has left its line."""
    world, failures, changed = World(app), list[str](), set[str]()
    for caller in _AT_THE_DESK:
        reader = world.sign_in(caller, world.make_side())
        for route in _guarded(app):
            if route.policy not in caller.may:
                continue
            # What one form changed, or was made for one route, is not what the next one finds.
            shares = route.method in SAFE and not route.parameters[1:]
            person = reader if shares else world.sign_in(caller, world.make_side())
            ids = _ids_of(world, route, person)
            before = _lines()
            answer = _call(app, _sit_down(app, person), route, ids)
            if route.method not in SAFE and answer.status_code == HTTPStatus.SEE_OTHER:
                changed.add(str(route))
                if _lines() == before and str(route) not in _NO_LINE:
                    failures.append(f"{route} by {caller.name}: no line in the trail")
            if answer.status_code == 404 and str(route) in _DECIDED_LATER:
                continue
            if answer.status_code not in {200, 302, 303, 409, 422}:
                failures.append(f"{route} by {caller.name}: {answer.status_code}")
            if answer.status_code == 422 and not _says_what_is_wrong(answer):
                failures.append(f"{route} by {caller.name}: nothing says what is wrong")
    _report(failures)
    assert len(changed) > 10
    assert _NO_LINE.keys() <= changed, sorted(changed)


def _says_what_is_wrong(answer: TestResponse) -> bool:
    return 'id="error-summary"' in answer.text and "<title>错误：" in answer.text


def test_a_foreign_object_is_the_page_of_none(app: Flask) -> None:
    world, failures = World(app), []
    for caller in _AT_THE_DESK:
        two = [world.sign_in(caller, world.make_side()) for _ in range(2)]
        for route in _guarded(app):
            if route.parameters and route.policy in caller.may:
                fresh = route.parameters[1:]  # of some objects a side has one only
                failures += _misses(world, route, *(_elsewhere(world, two) if fresh else two))
    _report(failures)


def _elsewhere(world: World, people: list[Person]) -> list[Person]:
    return [world.sign_in(person.caller, world.make_side()) for person in people]


def _misses(world: World, route: Route, person: Person, stranger: Person) -> Iterator[str]:
    client, caller = _sit_down(world.app, person), person.caller
    ids, others = _ids_of(world, route, person), _ids_of(world, route, stranger)
    for at, name in enumerate(route.parameters):
        unknown = _seen(_call(world.app, client, route, ids | {name: str(new_id())}))
        if unknown[0] != 404:
            yield f"{route} by {caller.name}: unknown {name} gives {unknown[0]}"
        if name in _WORDS:
            continue
        of = EXAMPLES[name].of
        within_another = at > 0 and route.parameters[at - 1] not in _WORDS
        is_foreign = within_another or ("site" in of and caller.is_limited) or of == {"person"}
        if is_foreign and unknown[0] == 404:
            found = _seen(_call(world.app, client, route, ids | {name: others[name]}))
            if found != unknown:
                yield f"{route} by {caller.name}: foreign {name} gives {found[0]}"
