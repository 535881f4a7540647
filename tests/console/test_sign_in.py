"""Signing in at the console: two steps, enrolment, lockout, and the second factor asked again."""

import re
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from config.settings import Environment
from miniprogram_api.identity.models import StaffAccount
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from tests.conftest import Clock
from tests.factories.staff import PASSWORD, code_now, make_staff, open_session, recovery_codes
from tests.support.pages import PageClient, hidden, text_of, title_of

pytestmark = pytest.mark.usefixtures("clock")
SIGN_IN = "/console/sign-in"


def _account(username: str = "li.hua", **values: object) -> StaffAccount:
    with atomic() as session:
        return make_staff(session, username, role=Role.AUDITOR, **values)  # type: ignore[arg-type]


def _give_password(person: PageClient, password: str = PASSWORD, **fields: str) -> TestResponse:
    return person.post(SIGN_IN, {"username": "li.hua", "password": password, **fields})


def _give_code(person: PageClient, asked: TestResponse, code: str) -> TestResponse:
    carried = {name: hidden(asked, name) for name in ("ticket", "next")}
    return person.post(f"{SIGN_IN}/code", carried | {"code": code})


def test_a_password_and_a_code_open_the_page_that_was_wanted(app: Flask) -> None:
    _account()
    person = PageClient(app)
    sent_away = person.get("/console/account?x=1")
    asked = person.follow(sent_away)
    code = _give_password(person, next=hidden(asked, "next"))
    assert "动态验证码" in title_of(code)
    answer = _give_code(person, code, code_now())
    assert answer.headers["Location"] == "/console/account?x=1"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "li.hua" in text_of(person.follow(answer))


@pytest.mark.parametrize("settings", [{"environment": Environment.PRODUCTION}], indirect=True)
def test_in_production_no_other_host_can_set_the_cookie(app: Flask) -> None:
    _account()
    person = PageClient(app)
    answer = _give_code(person, _give_password(person), code_now())
    assert re.search(r"__Host-sid=st_\S+; .*Secure; HttpOnly; Path=/; SameSite=Strict", str(answer.headers))


def test_a_wrong_password_is_told_above_the_form_and_the_name_stays(app: Flask) -> None:
    _account()
    answer = _give_password(PageClient(app), "not the password")
    assert answer.status_code == 422
    assert title_of(answer).startswith("错误：")
    assert "用户名或密码不正确" in text_of(answer)
    assert 'value="li.hua"' in answer.text
    assert "not the password" not in answer.text


def test_nobody_is_told_whether_a_name_exists(app: Flask) -> None:
    _account()
    wrong = text_of(_give_password(PageClient(app), "not the password"))
    none = text_of(PageClient(app).post(SIGN_IN, {"username": "nobody", "password": "not the password"}))
    assert wrong == none


def test_five_failures_lock_the_name_and_say_for_how_long(app: Flask, clock: Clock) -> None:
    _account()
    person = PageClient(app)
    for _ in range(5):
        _give_password(person, "not the password")
    locked = _give_password(person)
    assert locked.status_code == 429
    assert "900 秒" in text_of(locked)
    clock.advance(minutes=15)
    assert "动态验证码" in title_of(_give_password(person))


def test_a_wrong_code_can_be_corrected_without_the_password(app: Flask) -> None:
    _account()
    person = PageClient(app)
    asked = _give_password(person)
    refused = _give_code(person, asked, "000000")
    assert refused.status_code == 422
    assert "验证码不正确" in text_of(refused)
    assert _give_code(person, refused, code_now()).status_code == 303


def test_a_recovery_code_stands_for_the_authenticator(app: Flask) -> None:
    account = _account()
    with atomic() as session:
        code = recovery_codes(session, session.get_one(StaffAccount, account.id))[0]
    person = PageClient(app)
    assert _give_code(person, _give_password(person), code).status_code == 303
    assert _give_code(person, _give_password(person), code).status_code == 422


def test_the_second_step_waits_five_minutes(app: Flask, clock: Clock) -> None:
    _account()
    person = PageClient(app)
    asked = _give_password(person)
    clock.advance(minutes=5)
    answer = _give_code(person, asked, code_now())
    assert answer.status_code == 422
    assert "重新输入密码" in text_of(answer)


def test_a_ticket_ends_with_the_password_it_was_given_for(app: Flask) -> None:
    account = _account()
    person = PageClient(app)
    asked = _give_password(person)
    with atomic() as session:
        session.get_one(StaffAccount, account.id).password_hash = "another"
    assert "重新输入密码" in text_of(_give_code(person, asked, code_now()))


@pytest.mark.parametrize("ticket", ["", "v1.k1.AAAA", "x"])
def test_a_made_up_ticket_opens_nothing(app: Flask, ticket: str) -> None:
    answer = PageClient(app).post(f"{SIGN_IN}/code", {"ticket": ticket, "code": "123456"})
    assert "重新输入密码" in text_of(answer)


def test_a_new_account_binds_an_authenticator_first(app: Flask) -> None:
    _account(totp_secret=None)
    person = PageClient(app)
    offered = _give_password(person)
    secret = re.search(r'class="secret">(\w+)<', offered.text)
    assert secret
    assert "data:image/png;base64," in offered.text
    fields = {"ticket": hidden(offered, "ticket"), "next": hidden(offered, "next")}
    wrong = person.post(f"{SIGN_IN}/enrolment", fields | {"code": "000000"})
    assert wrong.status_code == 422
    assert f'action="{SIGN_IN}/enrolment"' in wrong.text
    fields["ticket"] = hidden(wrong, "ticket")
    code = code_now(secret=secret.group(1))
    bound = person.post(f"{SIGN_IN}/enrolment", fields | {"code": code})
    assert bound.status_code == 200
    assert bound.text.count("<li><code>") == 10
    assert person.get("/console/").status_code == 200


@pytest.mark.parametrize(
    "wanted", ["https://example.com/", "//example.com", "/console/\\x", "/api/v1/me", ""]
)
def test_signing_in_leads_nowhere_else(app: Flask, wanted: str) -> None:
    _account()
    person = PageClient(app)
    asked = _give_password(person, next=wanted)
    assert _give_code(person, asked, code_now()).headers["Location"] == "/console/"


def test_signing_out_ends_the_session_not_only_the_cookie(app: Flask) -> None:
    account = _account()
    with atomic() as session:
        token = open_session(session, account.id)
    person, thief = PageClient(app, token), PageClient(app, token)
    answer = person.post("/console/sign-out")
    assert "已退出登录" in text_of(person.follow(answer))
    assert thief.get("/console/").status_code == 303


@pytest.mark.parametrize("path", ["/console/sign-out", "/console/account/sessions/end-all"])
def test_who_leaves_has_the_browser_forget_what_gates_keep(app: Flask, path: str) -> None:
    with atomic() as session:
        token = open_session(session, make_staff(session).id)
    person = PageClient(app, token)
    person.get("/console/account")
    assert "forget.js" in person.follow(person.post(path)).text
    assert "forget.js" not in person.get("/console/sign-in").text


def test_leaving_forgets_too_when_the_session_was_over_before(app: Flask) -> None:
    person = PageClient(app)
    assert "forget.js" not in person.get("/console/sign-in").text
    assert "forget.js" in person.follow(person.post("/console/sign-out")).text


def test_an_idle_session_asks_to_sign_in_again(app: Flask, clock: Clock) -> None:
    account = _account()
    with atomic() as session:
        person = PageClient(app, open_session(session, account.id))
    assert person.get("/console/").status_code == 200
    clock.advance(minutes=30)
    assert person.get("/console/").headers["Location"] == f"{SIGN_IN}?next=/console/"


def test_who_has_to_change_the_password_is_told_where(app: Flask) -> None:
    account = _account(must_change_password=True)
    with atomic() as session:
        person = PageClient(app, open_session(session, account.id))
    start = person.get("/console/")
    assert "更换后才能开始工作" in text_of(start)
    assert "/console/account/password" in start.text


def _reviewer(app: Flask) -> tuple[PageClient, str]:
    account = _account()
    with atomic() as session:
        return PageClient(app, open_session(session, account.id)), "/console/account/password"


def test_the_second_factor_is_asked_again_and_nothing_is_lost(app: Flask) -> None:
    person, address = _reviewer(app)
    sent = {"next": address, "fields": '[["reason", "核对来电"], ["code", "123"]]'}
    wrong = person.post("/console/second-factor", sent | {"code": "1"})
    assert wrong.status_code == 422
    assert "核对来电" in wrong.text
    answer = person.post("/console/second-factor", sent | {"code": code_now()})
    assert hidden(answer, "reason") == "核对来电"
    assert f'action="{address}"' in answer.text
    assert 'name="code"' not in answer.text


@pytest.mark.parametrize("fields", ["[", "{}", "[1]", '[["a"]]', '[["a", 1]]', "[" * 5000, "1" * 5000])
def test_fields_of_nobodys_making_are_left_out(app: Flask, fields: str) -> None:
    person, address = _reviewer(app)
    sent = {"next": address, "fields": fields, "code": code_now()}
    assert person.post("/console/second-factor", sent).headers["Location"] == address


def test_what_was_typed_outlives_an_idle_session(app: Flask, clock: Clock) -> None:
    person, _ = _reviewer(app)
    person.get("/console/account")
    clock.advance(minutes=31)
    typed = {"reason": "外出学习", "new_password": "secret words"}
    asked = person.post("/console/account/password", typed)
    assert asked.status_code == 401
    assert "secret words" not in asked.text
    carried = {name: unescape(hidden(asked, name)) for name in ("next", "fields")}
    code = person.post(SIGN_IN, carried | {"username": "li.hua", "password": PASSWORD})
    carried = {name: unescape(hidden(code, name)) for name in ("ticket", "next", "fields")}
    back = person.post(f"{SIGN_IN}/code", carried | {"code": code_now()})
    assert hidden(back, "reason") == "外出学习"
    assert 'action="/console/account/password"' in back.text
    assert person.get("/console/").status_code == 200


def test_an_address_that_only_takes_forms_is_nothing_to_come_back_to(app: Flask) -> None:
    _account()
    person = PageClient(app)
    asked = _give_password(person, next="/console/account/sessions/end-all")
    assert _give_code(person, asked, code_now()).headers["Location"] == "/console/"
