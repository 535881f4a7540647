"""A link by which somebody chooses the password of their account: made at the people's desk, good once."""

import re
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from miniprogram_api.identity.models import StaffAccount, StaffInvitation
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import invitations, staff
from miniprogram_api.identity.service.invitations import InvitationPurpose
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel import runtime_settings
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from tests.conftest import Clock
from tests.factories.staff import PASSWORD, make_staff, signed_in
from tests.support.pages import PageClient, hidden, text_of

pytestmark = pytest.mark.usefixtures("clock")
CHOSEN = {"password": PASSWORD, "again": PASSWORD}


def _admin(app: Flask) -> PageClient:
    return PageClient(app, signed_in(Role.ADMIN))


def _link(answer: TestResponse) -> str:
    """The address that a page hands over."""
    found = re.search(r"http://localhost(/console/invitations/iv_[A-Za-z0-9_-]+)", answer.text)
    assert found, text_of(answer)
    return found.group(1)


def _invite(app: Flask, **fields: Any) -> str:
    values = {"username": "wang.fang", "display_name": "王芳", "organisation_id": ""} | fields
    return _link(_admin(app).post("/console/staff/new", values))


def _issue(staff_id: Any, purpose: InvitationPurpose = InvitationPurpose.INVITATION) -> str:
    with atomic() as session:
        issued = invitations.issue(
            session, staff_id=staff_id, purpose=purpose, actor=SYSTEM, now=kernel_clock.now()
        )
    return f"/console/invitations/{issued.token}"


def test_who_is_invited_chooses_a_password_enrols_and_is_signed_in(app: Flask) -> None:
    link, person = _invite(app), PageClient(app)
    assert "王芳，请设置密码" in text_of(person.get(link))
    offered = person.post(link, CHOSEN)
    assert offered.status_code == 200
    secret = re.search(r'<code class="secret">([A-Z2-7]+)</code>', offered.text)
    assert secret
    code = pyotp.TOTP(secret.group(1)).at(int(kernel_clock.now().timestamp()))
    enrolled = person.post("/console/sign-in/enrolment", {"ticket": hidden(offered, "ticket"), "code": code})
    assert "请保存恢复码" in text_of(enrolled)
    assert person.get("/console/").status_code == 200
    with reading() as session:
        account = session.scalars(select(StaffAccount).where(StaffAccount.username == "wang.fang")).one()
    assert not account.must_change_password
    assert account.totp_confirmed_at is not None


def test_a_link_is_good_once(app: Flask) -> None:
    link = _invite(app)
    assert PageClient(app).post(link, CHOSEN).status_code == 200
    again = PageClient(app).get(link)
    assert again.status_code == 410
    assert "联系给您链接的管理员" in text_of(again)
    assert PageClient(app).post(link, CHOSEN).status_code == 410


def test_a_link_ends_with_its_hours(app: Flask, clock: Clock) -> None:
    link = _invite(app)
    clock.advance(hours=71, minutes=59)
    assert PageClient(app).get(link).status_code == 200
    clock.advance(minutes=1)
    assert PageClient(app).get(link).status_code == 410


def test_how_many_hours_can_be_changed_while_running(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        runtime_settings.change(
            session,
            "identity.invitation_hours",
            value=1,
            effective_at=None,
            reason="缩短",
            actor=SYSTEM,
            now=clock.now,
        )
    link = _invite(app)
    clock.advance(hours=1)
    assert PageClient(app).get(link).status_code == 410


def test_a_new_link_replaces_the_old_one(app: Flask) -> None:
    with atomic() as session:
        account = make_staff(session, totp_secret=None, must_change_password=True)
    first, second = _issue(account.id), _issue(account.id)
    assert PageClient(app).get(first).status_code == 410
    assert PageClient(app).get(second).status_code == 200


def test_a_withdrawn_link_opens_nothing(app: Flask) -> None:
    with atomic() as session:
        account = make_staff(session, totp_secret=None)
    link, admin = _issue(account.id), _admin(app)
    assert "作废链接" in text_of(admin.get(f"/console/staff/{account.id}"))
    admin.follow(admin.post(f"/console/staff/{account.id}/invitation/withdraw"))
    assert PageClient(app).get(link).status_code == 410


def test_the_link_of_a_disabled_account_opens_nothing(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        account = make_staff(session)
    link = _issue(account.id)
    with atomic() as session:
        staff.disable_account(session, staff_id=account.id, reason="离岗", actor=SYSTEM, now=clock.now)
    assert PageClient(app).get(link).status_code == 410
    assert _admin(app).post(f"/console/staff/{account.id}/invitation").status_code == 422


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"password": "short", "again": "short"}, "至少 12 个字符"),
        ({"password": PASSWORD, "again": PASSWORD + "x"}, "两次输入的密码不一致"),
        ({"password": "Wang.Fang-2026!", "again": "Wang.Fang-2026!"}, "不能包含用户名"),
        ({"password": "", "again": ""}, "请设置密码"),
    ],
)
def test_a_password_against_the_rules_is_refused_and_the_link_stays(
    app: Flask, fields: dict[str, str], told: str
) -> None:
    link, person = _invite(app), PageClient(app)
    answer = person.post(link, fields)
    assert answer.status_code == 422
    assert told in text_of(answer)
    assert person.post(link, CHOSEN).status_code == 200


def test_a_reset_keeps_the_second_factor_and_the_former_passwords(app: Flask) -> None:
    with atomic() as session:
        account = make_staff(session)
    admin = _admin(app)
    link = _link(admin.post(f"/console/staff/{account.id}/invitation"))
    person = PageClient(app)
    reused = person.post(link, CHOSEN)
    assert "不能使用最近 5 次用过的密码" in text_of(reused)
    fresh = "Quiet-Birch-Runs-9"
    told = person.follow(person.post(link, {"password": fresh, "again": fresh}))
    assert "新密码已设置，请用它登录" in text_of(told)
    asked = person.post("/console/sign-in", {"username": account.username, "password": fresh})
    assert "输入动态验证码" in text_of(asked)


def test_nothing_of_the_token_is_kept_but_its_hash(app: Flask) -> None:
    link = _invite(app)
    token = link.rpartition("/")[2]
    PageClient(app).post(link, CHOSEN)
    with reading() as session:
        kept = [repr(row.token_hash) for row in session.scalars(select(StaffInvitation))]
        kept += [f"{row.before} {row.after} {row.reason}" for row in session.scalars(select(AuditRow))]
        kept += [str(row.payload) for row in session.scalars(select(EventRow))]
    assert kept
    assert not any(token in text or token[3:] in text for text in kept)


def test_each_step_leaves_one_line(app: Flask) -> None:
    link = _invite(app)
    PageClient(app).post(link, CHOSEN)
    with reading() as session:
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.id)).all()
    steps = ["identity.staff_created", "identity.staff_invited", "identity.invitation_used"]
    assert [action for action in actions if action in steps][-3:] == steps


def test_nobody_makes_a_link_for_themselves(app: Flask) -> None:
    with atomic() as session:
        account = make_staff(session, role=Role.ADMIN)
        from tests.factories.staff import open_session

        me = PageClient(app, open_session(session, account.id))
    answer = me.post(f"/console/staff/{account.id}/invitation")
    assert answer.status_code == 422
    assert "另一位管理员" in text_of(answer)


def test_a_made_up_token_is_no_link(app: Flask) -> None:
    assert PageClient(app).get("/console/invitations/iv_none").status_code == 410
