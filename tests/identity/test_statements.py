"""What every request pays before it begins: how many statements recognising a caller and signing in take."""

from collections.abc import Callable

import pytest
from flask import Flask

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from tests.conftest import Clock
from tests.factories.members import sign_in
from tests.factories.sites import make_site
from tests.factories.staff import PASSWORD, code_now, give_role, make_staff, open_session
from tests.support.clients import BearerClient
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def member(app: Flask, clock: Clock) -> BearerClient:
    with atomic() as session:
        return BearerClient(app, sign_in(session, openid="o-alice").access_token)


@pytest.fixture
def staff(app: Flask, clock: Clock) -> BearerClient:
    with atomic() as session:
        account = make_staff(session, "li.hua", role=Role.ADMIN)
        for _ in range(5):
            give_role(session, account.id, Role.GATE, site_id=make_site(session).id)
        return BearerClient(app, open_session(session, account.id))


def _sent(act: Callable[[], object]) -> int:
    act()  # the first one may prepare what is kept
    with statements() as sent:
        act()
    return len(sent)


def test_recognising_a_member_takes_one(member: BearerClient) -> None:
    assert _sent(lambda: member.get("/api/v1/me")) == 2


def test_recognising_staff_takes_one_whatever_they_hold(staff: BearerClient) -> None:
    assert _sent(lambda: staff.get("/api/staff/v1/me")) == 3  # and two for the profile with its roles
    assert _sent(lambda: staff.post("/api/staff/v1/staff", json={"username": 1})) == 1


def test_a_caller_nobody_knows_takes_one(app: Flask) -> None:
    assert _sent(lambda: BearerClient(app, "mp_unknown").get("/api/v1/me")) == 1
    assert _sent(lambda: BearerClient(app, "other").get("/api/v1/me")) == 0


def test_refreshing_a_session_takes_few(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        token = sign_in(session, openid="o-alice").refresh_token
    client = app.test_client()
    with statements() as sent:
        answer = client.post("/api/v1/sessions/refresh", json={"refresh_token": token})
    assert answer.status_code == 200
    assert len(sent) <= 9


def test_signing_staff_in_takes_few(app: Flask, staff: BearerClient) -> None:
    body = {"username": "li.hua", "password": PASSWORD, "totp": code_now()}
    with statements() as sent:
        answer = app.test_client().post("/api/staff/v1/sessions", json=body)
    assert answer.status_code == 201
    assert len(sent) <= 16
