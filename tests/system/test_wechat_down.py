"""With WeChat gone, dead slow or talking nonsense, only logging in waits; everybody inside goes on."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.messaging.models import Message
from miniprogram_api.operations import invariants
from miniprogram_api.operations.snapshots import snapshot
from miniprogram_api.visits.models import Slot
from miniprogram_api.visits.service import slots
from miniprogram_api.wechat.breaker import FAILURES_TO_OPEN
from tests.conftest import Clock
from tests.factories.gate import Gate
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_slot
from tests.support.booking import Visitor
from tests.support.clients import FakePeople

QUICK = [{"wechat_read_timeout_s": 0.2, "wechat_connect_timeout_s": 0.2}]
ANYTHING = "*"

pytestmark = pytest.mark.parametrize("settings", QUICK, indirect=True)


@pytest.fixture
def slot(app: Flask, clock: Clock) -> Slot:
    with atomic() as session:
        return make_slot(session, make_site(session).id, capacity=3)


def faulty(fault: str, **more: Any) -> Callable[[Any], None]:
    def break_it(fake: Any) -> None:
        FakePeople(fake).control("POST", "/faults", path=ANYTHING, fault=fault, times=100, **more)

    return break_it


TROUBLES: dict[str, Callable[[Any], None]] = {
    "nobody listens": lambda fake: fake.stop(),
    "resets": faulty("reset_before"),
    "never answers": faulty("timeout_before", seconds=20),
    "is a proxy's error page": faulty("502"),
    "answers nothing": faulty("empty"),
    "has used up our quota": faulty("errcode", errcode=45009),
    "is busy": faulty("errcode", errcode=-1),
}


def log_in(client: FlaskClient, code: str) -> TestResponse:
    return client.post("/api/v1/sessions", json={"code": code})


@contextmanager
def wechat_in_trouble(fake_wechat: Any, trouble: str) -> Generator[str]:
    """A code from before the trouble, for a login within it."""
    code = FakePeople(fake_wechat).login_code("bob")
    TROUBLES[trouble](fake_wechat)
    yield code


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_visit_is_booked_and_made_without_wechat(
    app: Flask, client: FlaskClient, fake_wechat: Any, slot: Slot, clock: Clock, trouble: str
) -> None:
    alice, carol = Visitor(app), Visitor(app)
    with wechat_in_trouble(fake_wechat, trouble) as code:
        refused = log_in(client, code)
        assert (refused.status_code, refused.get_json()["code"]) == (503, "wechat.unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        booked = alice.booked(slot.id, 2)
        given_up = carol.booked(slot.id)
        assert carol.cancel(given_up["id"]).status_code == 200
        events.drain()
        ticket = alice.get(f"/api/v1/bookings/{booked['id']}/ticket").get_json()["code"]
        clock.set(WEDNESDAY_AT_NINE)
        assert Gate(app, slot.site_id).scan(ticket)["result"] == "ok"
    with snapshot() as session:
        assert {it.code: rows for it, rows in invariants.check(session) if rows} == {}


def test_a_visit_that_the_site_cancels_is_told_without_wechat(
    app: Flask, fake_wechat: Any, slot: Slot
) -> None:
    alice = Visitor(app)
    booked = alice.booked(slot.id, 2)
    with wechat_in_trouble(fake_wechat, "nobody listens"):
        _close(slot.id, slot.site_id)
        while events.drain():
            pass
        (message,) = alice.get("/api/v1/messages").get_json()["items"]
    with reading() as session:
        assert session.scalars(select(Message.subject_id)).one() == booked["id"]
    assert message["kind"] == "visit_cancelled_by_site"


def _close(slot_id: UUID, site_id: UUID) -> None:
    with atomic() as session:
        slots.close_slot(
            session,
            site_id=site_id,
            slot_id=slot_id,
            reason_code="weather",
            public_text="大风",
            actor=SYSTEM,
            now=kernel_clock.now(),
        )


def test_whoever_is_logged_in_stays_so_without_wechat(
    app: Flask, client: FlaskClient, fake_wechat: Any, clock: Clock
) -> None:
    signed_in = log_in(client, FakePeople(fake_wechat).login_code("alice")).get_json()
    with wechat_in_trouble(fake_wechat, "nobody listens"):
        clock.advance(days=20)
        renewed = client.post("/api/v1/sessions/refresh", json={"refresh_token": signed_in["refresh_token"]})
        assert renewed.status_code == 200
        token = renewed.get_json()["access_token"]
        assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_logging_in_works_again_as_soon_as_wechat_does(client: FlaskClient, fake_wechat: Any) -> None:
    people = FakePeople(fake_wechat)
    people.control("POST", "/faults", path=ANYTHING, fault="502", times=2)
    codes = [people.login_code("alice") for _ in range(3)]
    assert [log_in(client, code).status_code for code in codes] == [503, 503, 201]


def test_nobody_waits_for_a_wechat_that_is_known_to_be_away(client: FlaskClient, fake_wechat: Any) -> None:
    people = FakePeople(fake_wechat)
    TROUBLES["is a proxy's error page"](fake_wechat)
    for _ in range(FAILURES_TO_OPEN + 4):
        answer = log_in(client, people.login_code("alice"))
        assert (answer.status_code, answer.get_json()["code"]) == (503, "wechat.unavailable")
    assert people.calls()["/sns/jscode2session"] == FAILURES_TO_OPEN
    assert int(answer.headers["Retry-After"]) > 0
