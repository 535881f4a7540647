"""Signing in with a WeChat code, keeping the session alive, and ending it, over HTTP."""

import dataclasses
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config.settings import Settings
from miniprogram_api.app import create_app
from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.identity.models import Member, MemberSession
from miniprogram_api.identity.service import members, sessions
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import Model, db, reading
from miniprogram_api.kernel.events import EventRow
from tests.conftest import Clock
from tests.support.clients import BearerClient, FakePeople, MemberClient

LOGIN = "/sns/jscode2session"
STRANGER = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture
def people(fake_wechat: FakeWeChat) -> FakePeople:
    return FakePeople(fake_wechat)


def _count(table: type[Model]) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _refresh(client: FlaskClient, token: str) -> TestResponse:
    return client.post("/api/v1/sessions/refresh", json={"refresh_token": token})


def _both(ask: Callable[[FlaskClient], TestResponse], app: Flask) -> list[TestResponse]:
    answers: list[TestResponse] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(app.test_client()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_login_takes_one_request_to_wechat_and_tells_nothing_of_its_secrets(
    client: FlaskClient, people: FakePeople, clock: Clock
) -> None:
    answer = client.post("/api/v1/sessions", json={"code": people.login_code("alice")})

    assert answer.status_code == 201
    body = answer.get_json()
    assert body["access_token"].startswith("mp_")
    assert body["expires_at"] == "2026-11-23T12:00:00+08:00"
    assert body["refresh_expires_at"] == "2026-12-23T10:00:00+08:00"
    assert body["member"] == {
        "id": body["member"]["id"],
        "nickname": None,
        "phone_masked": None,
        "phone_verified": False,
        "joined_at": "2026-11-23T10:00:00+08:00",
    }
    assert people.calls() == {LOGIN: 1}
    assert "session_key" not in answer.text
    assert people.openid("alice") not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_same_person_stays_the_same_member(app: Flask, fake_wechat: FakeWeChat) -> None:
    first, second = MemberClient(app, fake_wechat), MemberClient(app, fake_wechat)
    assert first.id == second.id
    assert first.token != second.token
    assert MemberClient(app, fake_wechat, "bob").id != first.id


def test_a_code_used_before_is_refused(client: FlaskClient, people: FakePeople) -> None:
    code = people.login_code("alice")
    assert client.post("/api/v1/sessions", json={"code": code}).status_code == 201

    again = client.post("/api/v1/sessions", json={"code": code})

    assert again.status_code == 401
    assert again.get_json()["code"] == "wechat.code_rejected"
    assert _count(MemberSession) == 1


@pytest.mark.usefixtures("fake_wechat")
@pytest.mark.parametrize("code", ["x", "not-a-code-of-wechat", "a b c d e f g h"])
def test_a_code_that_wechat_does_not_know_is_refused(client: FlaskClient, code: str) -> None:
    answer = client.post("/api/v1/sessions", json={"code": code})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "wechat.code_rejected")


@pytest.mark.parametrize(
    "body", [{}, {"code": ""}, {"code": 7}, {"code": "abcdefgh", "extra": 1}, {"code": "a" * 257}]
)
def test_a_misshapen_login_is_invalid(client: FlaskClient, body: dict[str, Any]) -> None:
    answer = client.post("/api/v1/sessions", json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "request.invalid")


def test_two_parallel_logins_with_one_code_open_one_session(app: Flask, people: FakePeople) -> None:
    code = people.login_code("alice")
    answers = _both(lambda client: client.post("/api/v1/sessions", json={"code": code}), app)
    assert sorted(answer.status_code for answer in answers) == [201, 401]
    assert _count(MemberSession) == 1


def test_two_first_logins_at_once_make_one_member(
    app: Flask, people: FakePeople, on_postgres: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [people.login_code("alice"), people.login_code("alice")]
    joined: list[Member | None] = []
    join, meet = members._join, threading.Barrier(2 if on_postgres else 1)  # SQLite's writers come one by one

    def join_together(session: Session, **values: Any) -> Member | None:
        meet.wait(timeout=5)
        joined.append(join(session, **values))
        return joined[-1]

    monkeypatch.setattr(members, "_join", join_together)
    answers = _both(lambda client: client.post("/api/v1/sessions", json={"code": codes.pop()}), app)

    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.get_json()["member"]["id"] for answer in answers}) == 1
    assert _count(Member) == 1
    # The race took place: one of the two was refused by the unique index and read what the other had written.
    assert joined.count(None) == (1 if on_postgres else 0)


def test_wechat_being_away_is_unavailable_not_a_failure(client: FlaskClient) -> None:
    answer = client.post("/api/v1/sessions", json={"code": "0123456789abcdef"})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "wechat.unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.fixture
def app_without_redis(settings: Settings) -> Generator[Flask]:
    app = create_app(dataclasses.replace(settings, redis_url="redis://127.0.0.1:1/0"))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.9"])
def test_a_login_without_redis_is_unavailable_and_spends_no_code(
    people: FakePeople, app_without_redis: Flask, address: str
) -> None:
    code, client = people.login_code("alice"), app_without_redis.test_client()

    answer = client.post("/api/v1/sessions", json={"code": code}, environ_base={"REMOTE_ADDR": address})

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert "Traceback" not in answer.text
    assert people.calls() == {}


@pytest.mark.usefixtures("fake_wechat")
def test_an_address_may_try_ten_logins_a_minute(client: FlaskClient) -> None:
    def attempt() -> int:
        return client.post("/api/v1/sessions", json={"code": "not-a-code"}, environ_base=STRANGER).status_code

    assert [attempt() for _ in range(10)] == [401] * 10
    assert attempt() == 429


def test_only_hashes_of_tokens_are_stored(app: Flask, fake_wechat: FakeWeChat) -> None:
    member = MemberClient(app, fake_wechat)
    with reading() as session:
        row = session.scalars(select(MemberSession)).one()
    stored = {row.access_hash, row.refresh_hash}
    assert not {member.token.encode(), member.refresh_token.encode()} & stored
    assert {len(value) for value in stored} == {32}


def test_an_access_token_is_good_for_two_hours(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    member = MemberClient(app, fake_wechat)
    clock.advance(hours=2, seconds=-1)
    assert member.get("/api/v1/me").status_code == 200
    clock.advance(seconds=1)
    answer = member.get("/api/v1/me")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "auth.unauthenticated")


def test_a_clock_set_back_does_not_revive_a_token(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    member = MemberClient(app, fake_wechat)
    clock.advance(hours=3)
    assert member.get("/api/v1/me").status_code == 401
    clock.advance(hours=-3)
    assert member.get("/api/v1/me").status_code == 401
    assert _refresh(app.test_client(), member.refresh_token).status_code == 200


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer mp_", "Bearer mp_nobody", "Basic mp_x", "Bearer xx_y", "mp_nobody"]
)
def test_a_bad_token_is_nobody(client: FlaskClient, header: str) -> None:
    answer = client.get("/api/v1/me", headers={"Authorization": header})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "auth.unauthenticated")


def test_a_refresh_token_signs_nobody_in(app: Flask, fake_wechat: FakeWeChat) -> None:
    member = MemberClient(app, fake_wechat)
    assert BearerClient(app, member.refresh_token).get("/api/v1/me").status_code == 401
    assert _refresh(app.test_client(), member.token).status_code == 401


def test_a_refresh_replaces_both_tokens(
    app: Flask, client: FlaskClient, fake_wechat: FakeWeChat, clock: Clock
) -> None:
    member = MemberClient(app, fake_wechat)
    clock.advance(hours=5)

    answer = _refresh(client, member.refresh_token)

    assert answer.status_code == 200
    body = answer.get_json()
    assert body["expires_at"] == "2026-11-23T17:00:00+08:00"
    assert body["refresh_expires_at"] == "2026-12-23T15:00:00+08:00"
    assert body["member"]["id"] == member.id
    assert BearerClient(app, body["access_token"]).get("/api/v1/me").status_code == 200


def test_a_replaced_access_token_ends_at_once(
    app: Flask, client: FlaskClient, fake_wechat: FakeWeChat
) -> None:
    member = MemberClient(app, fake_wechat)
    _refresh(client, member.refresh_token)
    assert member.get("/api/v1/me").status_code == 401


def test_a_refresh_token_used_again_ends_the_family(
    app: Flask, client: FlaskClient, fake_wechat: FakeWeChat
) -> None:
    member = MemberClient(app, fake_wechat)
    elsewhere = MemberClient(app, fake_wechat)
    second = _refresh(client, member.refresh_token).get_json()
    third = _refresh(client, second["refresh_token"]).get_json()

    again = _refresh(client, member.refresh_token)

    assert (again.status_code, again.get_json()["code"]) == (401, "identity.refresh_rejected")
    assert BearerClient(app, third["access_token"]).get("/api/v1/me").status_code == 401
    assert _refresh(client, third["refresh_token"]).status_code == 401
    assert elsewhere.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("token", ["rf_nobody", "x", "mp_x"])
def test_an_unknown_refresh_token_is_refused(client: FlaskClient, token: str) -> None:
    answer = _refresh(client, token)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "identity.refresh_rejected")


def test_a_refresh_token_is_good_for_thirty_days_and_then_over_for_ever(
    app: Flask, client: FlaskClient, fake_wechat: FakeWeChat, clock: Clock
) -> None:
    member, other = MemberClient(app, fake_wechat), MemberClient(app, fake_wechat)
    clock.advance(days=30, seconds=-1)
    assert _refresh(client, other.refresh_token).status_code == 200
    clock.advance(seconds=1)
    assert _refresh(client, member.refresh_token).status_code == 401
    clock.advance(days=-1)
    assert _refresh(client, member.refresh_token).status_code == 401


def _refresh_twice_at_once(
    app: Flask, token: str, monkeypatch: pytest.MonkeyPatch, parties: int
) -> list[TestResponse]:
    lock, meet = members.lock_member, threading.Barrier(parties)

    def lock_together(*args: Any) -> Member | None:
        meet.wait(timeout=5)
        return lock(*args)

    with monkeypatch.context() as patch:
        patch.setattr(members, "lock_member", lock_together)
        return _both(lambda client: _refresh(client, token), app)


def test_of_two_parallel_refreshes_one_wins_and_the_family_ends(
    app: Flask, fake_wechat: FakeWeChat, on_postgres: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = MemberClient(app, fake_wechat)

    answers = _refresh_twice_at_once(app, member.refresh_token, monkeypatch, 2 if on_postgres else 1)

    assert sorted(answer.status_code for answer in answers) == [200, 401]
    winner = next(answer.get_json() for answer in answers if answer.status_code == 200)
    # One token in two hands: nothing of the family may live on, not even what the winner was given.
    assert BearerClient(app, winner["access_token"]).get("/api/v1/me").status_code == 401


def test_without_the_lock_both_parallel_refreshes_win(
    app: Flask, fake_wechat: FakeWeChat, on_postgres: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not on_postgres:
        pytest.skip("SQLite's writers come one by one")
    member = MemberClient(app, fake_wechat)
    issue, meet = sessions._issue, threading.Barrier(2)

    def issue_together(*args: Any, **values: Any) -> Any:
        meet.wait(timeout=5)
        return issue(*args, **values)

    monkeypatch.setattr(members, "lock_member", lambda session, member_id: session.get(Member, member_id))
    monkeypatch.setattr(sessions, "_issue", issue_together)
    answers = _both(lambda client: _refresh(client, member.refresh_token), app)
    assert [answer.status_code for answer in answers] == [200, 200]


def test_logging_out_ends_this_family_only(app: Flask, client: FlaskClient, fake_wechat: FakeWeChat) -> None:
    here, elsewhere = MemberClient(app, fake_wechat), MemberClient(app, fake_wechat)

    answer = here.delete("/api/v1/sessions/current")

    assert (answer.status_code, answer.data) == (204, b"")
    assert here.get("/api/v1/me").status_code == 401
    assert _refresh(client, here.refresh_token).status_code == 401
    assert elsewhere.get("/api/v1/me").status_code == 200


def test_logging_out_everywhere_ends_every_family_of_this_member(
    app: Flask, client: FlaskClient, fake_wechat: FakeWeChat
) -> None:
    here, elsewhere = MemberClient(app, fake_wechat), MemberClient(app, fake_wechat)
    somebody_else = MemberClient(app, fake_wechat, "bob")

    assert here.delete("/api/v1/sessions").status_code == 204

    assert elsewhere.get("/api/v1/me").status_code == 401
    assert _refresh(client, elsewhere.refresh_token).status_code == 401
    assert somebody_else.get("/api/v1/me").status_code == 200


def test_each_change_leaves_one_audit_row_and_one_event(
    app: Flask, client: FlaskClient, fake_wechat: FakeWeChat
) -> None:
    member = MemberClient(app, fake_wechat)
    MemberClient(app, fake_wechat)
    second = _refresh(client, member.refresh_token).get_json()
    _refresh(client, member.refresh_token)
    _refresh(client, second["refresh_token"])
    MemberClient(app, fake_wechat).delete("/api/v1/sessions/current")

    with reading() as session:
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.id)).all()
        names = session.scalars(select(EventRow.name).order_by(EventRow.id)).all()
        objects = set(session.scalars(select(AuditRow.object_id)))
    assert actions == [
        "identity.member_joined",
        "identity.session_opened",
        "identity.session_refreshed",
        "identity.sessions_ended",
        "identity.session_opened",
        "identity.sessions_ended",
    ]
    assert names == actions
    assert objects == {member.id}


def test_a_person_whom_wechat_blocks_is_told_so(client: FlaskClient, people: FakePeople) -> None:
    people.control("POST", "/risk", person="mallory", rank=4)
    answer = client.post("/api/v1/sessions", json={"code": people.login_code("mallory")})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "wechat.user_blocked")
