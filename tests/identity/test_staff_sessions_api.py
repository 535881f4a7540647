"""Staff sessions and gate devices: how long they last, who may end them, and what they may do."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.engine import Engine

from miniprogram_api.identity.models import StaffAccount, StaffSession
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import devices, roles
from miniprogram_api.identity.service import staff as accounts
from miniprogram_api.identity.staff_authentication import authenticate_device, authenticate_staff
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import give_role, make_staff, open_session
from tests.support.clients import BearerClient

ME, SESSIONS = "/api/staff/v1/me", "/api/staff/v1/sessions"
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def account(app: Flask, clock: Clock) -> StaffAccount:
    with atomic() as session:
        return make_staff(session, "li.hua", role=Role.ADMIN)


@pytest.fixture
def own(app: Flask, account: StaffAccount) -> BearerClient:
    with atomic() as session:
        return BearerClient(app, open_session(session, account.id))


def _another(app: Flask, account: StaffAccount) -> BearerClient:
    with atomic() as session:
        return BearerClient(app, open_session(session, account.id))


def test_a_session_idles_out_after_half_an_hour(own: BearerClient, clock: Clock) -> None:
    clock.advance(minutes=29, seconds=59)
    assert own.get(ME).status_code == 200
    clock.advance(minutes=30)
    assert own.get(ME).status_code == 401


def test_a_session_in_use_lasts_twelve_hours_and_no_longer(own: BearerClient, clock: Clock) -> None:
    for _ in range(12 * 4 - 1):
        clock.advance(minutes=15)
        assert own.get(ME).status_code == 200
    clock.advance(minutes=15)
    assert own.get(ME).status_code == 401


def test_a_clock_set_back_does_not_revive_a_session(own: BearerClient, clock: Clock) -> None:
    clock.advance(hours=1)
    assert own.get(ME).status_code == 401
    clock.advance(hours=-1)
    assert own.get(ME).status_code == 401


def test_being_seen_is_written_once_a_minute(own: BearerClient, clock: Clock, app: Flask) -> None:
    writes: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(("UPDATE", "INSERT", "DELETE")):
            writes.append(statement)

    engine: Engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        for _ in range(6):
            clock.advance(seconds=20)
            own.get(ME)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(writes) == 2


def test_a_request_reads_session_account_and_roles_in_one_statement(own: BearerClient, app: Flask) -> None:
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    authenticate_staff(own.token)  # reads what may have changed at run time, now and then
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        authenticate_staff(own.token)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(seen) == 1


def test_sessions_are_listed_newest_first_with_the_current_one_marked(
    own: BearerClient, app: Flask, account: StaffAccount, clock: Clock
) -> None:
    _another(app, account)
    with atomic() as session:
        open_session(session, make_staff(session).id)
    items = own.get(SESSIONS).get_json()["items"]
    assert [item["current"] for item in items] == [False, True]
    page = own.get(f"{SESSIONS}?limit=1").get_json()
    rest = own.get(f"{SESSIONS}?limit=1&cursor={page['next_cursor']}").get_json()
    assert [*page["items"], *rest["items"]] == items


def test_one_session_is_ended(own: BearerClient, app: Flask, account: StaffAccount) -> None:
    other = _another(app, account)
    (other_id,) = (item["id"] for item in own.get(SESSIONS).get_json()["items"] if not item["current"])
    assert own.delete(f"{SESSIONS}/{other_id}").status_code == 204
    assert other.get(ME).status_code == 401
    assert own.delete(f"{SESSIONS}/{other_id}").status_code == 404


def test_nobody_ends_the_session_of_somebody_else(own: BearerClient, app: Flask) -> None:
    with atomic() as session:
        stranger = BearerClient(app, open_session(session, make_staff(session).id))
    stranger_id = stranger.get(SESSIONS).get_json()["items"][0]["id"]
    foreign, unknown = (own.delete(f"{SESSIONS}/{which}") for which in (stranger_id, new_id()))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_json() | {"trace_id": ""} == unknown.get_json() | {"trace_id": ""}
    assert stranger.get(ME).status_code == 200


def test_signing_out_ends_this_session_only(own: BearerClient, app: Flask, account: StaffAccount) -> None:
    other = _another(app, account)
    assert own.delete(f"{SESSIONS}/current").status_code == 204
    assert own.get(ME).status_code == 401
    assert other.get(ME).status_code == 200


def test_signing_out_everywhere_ends_them_all(own: BearerClient, app: Flask, account: StaffAccount) -> None:
    other = _another(app, account)
    assert own.delete(SESSIONS).status_code == 204
    assert own.get(ME).status_code == other.get(ME).status_code == 401
    with reading() as session:
        row = session.scalars(
            select(AuditRow).where(AuditRow.action == "identity.staff_sessions_ended")
        ).one()
        assert row.after is not None
        assert len(row.after["sessions"]) == 2


def test_disabling_an_account_ends_its_sessions_at_once(own: BearerClient, account: StaffAccount) -> None:
    with atomic() as session:
        accounts.disable_account(
            session, staff_id=account.id, reason="x", actor=SYSTEM, now=account.created_at
        )
    assert own.get(ME).status_code == 401
    with reading() as session:
        living = select(func.count()).select_from(StaffSession).where(StaffSession.revoked_at.is_(None))
        assert session.scalar(living) == 0


def test_enabling_it_again_revives_no_session(own: BearerClient, account: StaffAccount) -> None:
    with atomic() as session:
        accounts.disable_account(
            session, staff_id=account.id, reason="x", actor=SYSTEM, now=account.created_at
        )
        accounts.enable_account(session, staff_id=account.id, reason="x", actor=SYSTEM)
    assert own.get(ME).status_code == 401


def test_removing_a_role_removes_its_access_at_once(own: BearerClient, account: StaffAccount) -> None:
    assert own.get("/api/staff/v1/staff").status_code == 200
    grant_id = UUID(own.get(ME).get_json()["grants"][0]["id"])
    with atomic() as session:
        roles.revoke_grant(
            session, staff_id=account.id, grant_id=grant_id, reason=None, actor=SYSTEM, now=account.created_at
        )
    assert own.get("/api/staff/v1/staff").status_code == 403


@pytest.mark.parametrize("token", ["st_unknown", "st_", "gd_unknown", "xx_1", "", "st_\u00e9"])
def test_an_unknown_token_is_nobody(app: Flask, token: str) -> None:
    assert BearerClient(app, token).get(ME).status_code == 401


def test_a_role_reaches_as_far_as_its_grant(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        operator = make_organisation(session)
        here = make_site(session, operator_id=operator.id)
        there = make_site(session)
        manager = make_staff(session, role=Role.SITE_MANAGER, organisation_id=operator.id)
        give_role(session, manager.id, Role.GATE, site_id=there.id)
        token = open_session(session, manager.id)
        facts = operator.id, here.id, there.id
    principal = authenticate_staff(token)
    assert principal is not None
    operator_id, here_id, there_id = facts
    assert principal.may_at("slots.manage", site_id=here_id, organisation_id=operator_id)
    assert not principal.may_at("slots.manage", site_id=there_id, organisation_id=None)
    assert principal.may_at("gate.scan", site_id=there_id, organisation_id=None)
    assert not principal.may_at("gate.scan", site_id=new_id(), organisation_id=new_id())


class TestDevices:
    def test_a_device_is_recognised_at_its_site_until_it_is_revoked(self, app: Flask, clock: Clock) -> None:
        with atomic() as session:
            here, there = make_site(session).id, make_site(session).id
            device, token = devices.create_device(
                session, site_id=here, name="东门", actor=SYSTEM, now=clock.now
            )
        principal = authenticate_device(token)
        assert principal is not None
        assert principal.id == device.id
        assert principal.may_at("gate.scan", site_id=here, organisation_id=None)
        assert not principal.may_at("gate.scan", site_id=there, organisation_id=None)
        with atomic() as session:
            devices.revoke_device(
                session, site_id=here, device_id=device.id, actor=SYSTEM, now=clock.now + timedelta(hours=1)
            )
        assert authenticate_device(token) is None

    def test_a_device_is_revoked_through_its_own_site_only(self, app: Flask, clock: Clock) -> None:
        with atomic() as session:
            here, there = make_site(session).id, make_site(session).id
            device, _ = devices.create_device(session, site_id=here, name="东门", actor=SYSTEM, now=clock.now)
        with atomic() as session, pytest.raises(NotFound):
            devices.revoke_device(session, site_id=there, device_id=device.id, actor=SYSTEM, now=clock.now)
        with reading() as session:
            assert [found.id for found in devices.list_devices(session, site_id=here)] == [device.id]
            assert devices.list_devices(session, site_id=there) == []

    def test_a_device_may_not_enter_the_staff_interface(self, app: Flask, clock: Clock) -> None:
        with atomic() as session:
            site = make_site(session)
            _, token = devices.create_device(
                session, site_id=site.id, name="东门", actor=SYSTEM, now=clock.now
            )
        assert BearerClient(app, token).get(ME).status_code == 403
