"""One's own account at the console."""

import pytest
from flask import Flask

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from tests.factories.staff import PASSWORD, make_staff, open_session, signed_in
from tests.support.pages import PageClient, text_of

pytestmark = pytest.mark.usefixtures("clock")
_PASSWORD = "/console/account/password"


def test_another_device_is_signed_out_and_this_one_stays(app: Flask) -> None:
    with atomic() as session:
        account = make_staff(session, role=Role.AUDITOR)
        here, there = (PageClient(app, open_session(session, account.id)) for _ in range(2))
    page = here.get("/console/account")
    assert page.text.count("退出这台设备") == 1
    assert "这台设备" in text_of(page)
    address = page.text.split('action="/console/account/sessions/')[1].split('"')[0]
    told = here.follow(here.post(f"/console/account/sessions/{address}"))
    assert "那台设备已退出登录" in text_of(told)
    assert there.get("/console/").status_code == 303
    assert here.get("/console/").status_code == 200


def test_somebody_elses_session_cannot_be_ended(app: Flask) -> None:
    with atomic() as session:
        other = make_staff(session, role=Role.AUDITOR)
        theirs = PageClient(app, open_session(session, other.id))
    from miniprogram_api.identity.models import StaffSession

    with atomic() as session:
        session_id = session.query(StaffSession.id).filter_by(staff_id=other.id).scalar()
    me = PageClient(app, signed_in(Role.AUDITOR))
    assert me.post(f"/console/account/sessions/{session_id}/end").status_code == 404
    assert theirs.get("/console/").status_code == 200


def test_signing_out_everywhere_says_how_many(app: Flask) -> None:
    with atomic() as session:
        account = make_staff(session, role=Role.AUDITOR)
        here, _ = (PageClient(app, open_session(session, account.id)) for _ in range(2))
    assert "全部 2 台设备" in text_of(here.follow(here.post("/console/account/sessions/end-all")))


def test_a_weak_password_is_refused_at_its_field(app: Flask) -> None:
    person = PageClient(app, signed_in(Role.AUDITOR))
    answer = person.post(_PASSWORD, {"current_password": PASSWORD, "new_password": "short"})
    assert answer.status_code == 422
    assert 'href="#new_password"' in answer.text
    assert 'id="new_password-error"' in answer.text
    assert "至少 12 个字符" in text_of(answer)


def test_a_wrong_present_password_is_told_at_its_field(app: Flask) -> None:
    person = PageClient(app, signed_in(Role.AUDITOR))
    fields = {"current_password": "not it at all", "new_password": "Another-Maple-Walks-8"}
    answer = person.post(_PASSWORD, fields)
    assert answer.status_code == 422
    assert 'href="#current_password"' in answer.text


def test_a_new_password_ends_the_other_sessions(app: Flask) -> None:
    with atomic() as session:
        account = make_staff(session, role=Role.AUDITOR)
        here, there = (PageClient(app, open_session(session, account.id)) for _ in range(2))
    fields = {"current_password": PASSWORD, "new_password": "Another-Maple-Walks-8"}
    assert "密码已更换" in text_of(here.follow(here.post(_PASSWORD, fields)))
    assert there.get("/console/").status_code == 303
