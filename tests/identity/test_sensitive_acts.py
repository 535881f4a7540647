"""Sensitive acts take a second factor shown a short while ago, and the highest roles take two people."""

import dataclasses
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from config.settings import Environment
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import devices
from miniprogram_api.identity.staff_authentication import authenticate_device
from miniprogram_api.kernel.audit import SYSTEM, Actor, AuditRow
from miniprogram_api.kernel.clock import now
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.visits.models import Slot
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.staff import code_now, make_staff, open_session, recovery_codes, signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_slot
from tests.support.booking import CONTACT, Visitor
from tests.support.clients import BearerClient
from tests.support.problems import assert_problem

API = "/api/staff/v1"
SHOW = f"{API}/sessions/current/second-factor"
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def admin(app: Flask, clock: Clock) -> BearerClient:
    return BearerClient(app, signed_in(Role.ADMIN))


@pytest.fixture
def colleague(app: Flask, clock: Clock) -> UUID:
    with atomic() as session:
        return make_staff(session, "wang.fang").id


def _show(client: BearerClient, code: str) -> int:
    return client.post(SHOW, json={"totp": code}).status_code


class TestSecondFactor:
    def test_it_is_fresh_for_ten_minutes_and_then_due_again(
        self, admin: BearerClient, colleague: UUID, clock: Clock
    ) -> None:
        grants = f"{API}/staff/{colleague}/grants"
        clock.advance(minutes=9, seconds=59)
        assert admin.post(grants, json={"role": "auditor"}).status_code == 201
        clock.advance(seconds=1)
        assert_problem(admin.post(grants, json={"role": "editor"}), 403, "auth.second_factor_due")
        answer = admin.post(SHOW, json={"totp": code_now()})
        assert answer.get_json() == {"fresh_until": "2026-11-23T10:20:00+08:00"}
        assert admin.post(grants, json={"role": "editor"}).status_code == 201

    @pytest.mark.parametrize(
        ("role", "method", "path"),
        [
            (Role.ADMIN, "post", "staff/{id}/grants"),
            (Role.ADMIN, "post", "staff/{id}/grants/{id}/approve"),
            (Role.ADMIN, "post", "staff/{id}/grants/{id}/restore"),
            (Role.ADMIN, "post", "staff/{id}/password-reset"),
            (Role.ADMIN, "post", "staff/{id}/totp-reset"),
            (Role.ADMIN, "post", "partners"),
            (Role.ADMIN, "post", "partners/{id}/keys"),
            (Role.ADMIN, "delete", "partners/{id}/keys/{id}"),
            (Role.ADMIN, "post", "partners/{id}/end"),
            (Role.SITE_MANAGER, "get", "sites/{id}/withdrawal/calls"),
        ],
    )
    def test_it_is_due_for(self, app: Flask, clock: Clock, role: Role, method: str, path: str) -> None:
        with atomic() as session:
            place = {"site_id": make_site(session).id} if role is Role.SITE_MANAGER else {}
        client = BearerClient(app, signed_in(role, **place))
        clock.advance(minutes=10)
        answer = getattr(client, method)(f"{API}/{path.format(id=new_id())}")
        assert_problem(answer, 403, "auth.second_factor_due")

    def test_closing_what_is_booked_takes_it_and_closing_the_rest_does_not(
        self, app: Flask, clock: Clock
    ) -> None:
        with atomic() as session:
            site = make_site(session).id
            later = WEDNESDAY_AT_NINE + timedelta(hours=2)
            booked, free = make_slot(session, site).id, make_slot(session, site, starts_at=later).id
        Visitor(app).booked(booked, contact=CONTACT)
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site))
        clock.advance(minutes=10)
        body = {"state": "closed", "reason_code": "weather", "public_text": "暴雪停运"}
        paths = [f"{API}/sites/{site}/slots/{slot}" for slot in (booked, free)]
        assert manager.patch(f"{paths[0]}?dry_run=true", json=body).status_code == 200
        assert_problem(manager.patch(paths[0], json=body), 403, "auth.second_factor_due")
        assert manager.patch(paths[1], json=body).status_code == 200
        with reading() as session:
            assert session.get_one(Slot, booked).state.value == "open"
        assert _show(manager, code_now()) == 200
        assert manager.patch(paths[0], json=body).status_code == 200

    def test_closing_days_that_are_booked_takes_it(self, app: Flask, clock: Clock) -> None:
        with atomic() as session:
            site = make_site(session).id
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site))
        rule = {"weekdays": [3], "opens": "09:00", "closes": "10:00", "slot_minutes": 60, "capacity": 20}
        assert manager.post(f"{API}/sites/{site}/opening-rules", json=rule).status_code == 201
        with reading() as session:
            slot, on = session.execute(select(Slot.id, Slot.visit_on).order_by(Slot.starts_at)).first() or ()
        Visitor(app).booked(slot, contact=CONTACT)
        clock.advance(minutes=10)
        path = f"{API}/sites/{site}/closures"
        body = {
            "kind": "closed",
            "first_on": on.isoformat(),
            "last_on": on.isoformat(),
            "reason_code": "weather",
            "public_text": "雪",
        }
        assert_problem(manager.post(path, json=body), 403, "auth.second_factor_due")
        assert manager.get(path).get_json()["items"] == []
        assert _show(manager, code_now()) == 200
        assert manager.post(path, json=body).status_code == 201

    def test_a_code_is_good_once_and_a_recovery_code_does_too(self, app: Flask, clock: Clock) -> None:
        with atomic() as session:
            account = make_staff(session, role=Role.ADMIN)
            code, token = recovery_codes(session, account)[0], open_session(session, account.id)
        client = BearerClient(app, token)
        assert [_show(client, shown) for shown in (code_now(), code_now(), code, code)] == [
            200,
            422,
            200,
            422,
        ]

    def test_a_wrong_code_ends_no_session_and_counts_like_any_failure(
        self, admin: BearerClient, clock: Clock
    ) -> None:
        answer = admin.post(SHOW, json={"totp": "000000"})
        assert answer.status_code == 422
        assert answer.get_json()["errors"][0]["code"] == "auth.totp_rejected"
        assert admin.get(f"{API}/me").status_code == 200
        assert [_show(admin, "000000") for _ in range(5)] == [422] * 4 + [429]
        assert _show(admin, code_now()) == 429

    def test_showing_it_is_in_the_audit_trail(self, admin: BearerClient) -> None:
        _show(admin, code_now())
        with reading() as session:
            shown = AuditRow.action == "identity.staff_second_factor_shown"
            assert len(session.scalars(select(AuditRow).where(shown)).all()) == 1

    def test_an_account_of_the_demonstration_has_none_to_show(
        self, app: Flask, colleague: UUID, clock: Clock
    ) -> None:
        with atomic() as session:
            account = make_staff(session, "demo-admin", role=Role.ADMIN, demo=True, totp_secret=None)
            token = open_session(session, account.id)
        clock.advance(minutes=20)
        answer = BearerClient(app, token).post(f"{API}/staff/{colleague}/grants", json={"role": "editor"})
        assert answer.status_code == 201


class TestTwoPeople:
    @pytest.fixture
    def second(self, app: Flask, clock: Clock) -> BearerClient:
        return BearerClient(app, signed_in(Role.ADMIN))

    @pytest.mark.parametrize("role", ["admin", "dpo"])
    def test_the_highest_roles_count_once_another_administrator_agrees(
        self, app: Flask, admin: BearerClient, second: BearerClient, colleague: UUID, role: str
    ) -> None:
        grants = f"{API}/staff/{colleague}/grants"
        with atomic() as session:
            new = BearerClient(app, open_session(session, colleague))
        reads = f"{API}/staff" if role == "admin" else f"{API}/audit"
        given = admin.post(grants, json={"role": role}).get_json()
        assert given["awaiting_approval"] is True
        assert new.get(reads).status_code == 403
        assert_problem(admin.post(f"{grants}/{given['id']}/approve"), 409, "staff.second_person_needed")
        assert_problem(admin.post(grants, json={"role": role}), 409, "staff.already_granted")
        approved = second.post(f"{grants}/{given['id']}/approve")
        assert (approved.status_code, approved.get_json()["awaiting_approval"]) == (200, False)
        assert new.get(reads).status_code == 200
        assert_problem(second.post(f"{grants}/{given['id']}/approve"), 409, "staff.not_awaiting")

    def test_nobody_approves_a_role_of_their_own(self, app: Flask, admin: BearerClient, clock: Clock) -> None:
        with atomic() as session:
            account = make_staff(session, role=Role.ADMIN)
            token = open_session(session, account.id)
        given = admin.post(f"{API}/staff/{account.id}/grants", json={"role": "dpo"}).get_json()
        own = BearerClient(app, token).post(f"{API}/staff/{account.id}/grants/{given['id']}/approve")
        assert_problem(own, 409, "staff.own_account")

    def test_a_role_that_waits_can_be_declined(
        self, admin: BearerClient, second: BearerClient, colleague: UUID
    ) -> None:
        grants = f"{API}/staff/{colleague}/grants"
        given = admin.post(grants, json={"role": "admin"}).get_json()
        assert second.delete(f"{grants}/{given['id']}").status_code == 204
        assert second.post(f"{grants}/{given['id']}/approve").status_code == 404

    def test_other_roles_count_at_once(self, admin: BearerClient, colleague: UUID) -> None:
        given = admin.post(f"{API}/staff/{colleague}/grants", json={"role": "auditor"})
        assert given.get_json()["awaiting_approval"] is False

    def test_both_steps_are_in_the_audit_trail(
        self, admin: BearerClient, second: BearerClient, colleague: UUID
    ) -> None:
        grants = f"{API}/staff/{colleague}/grants"
        given = admin.post(grants, json={"role": "admin"}).get_json()
        second.post(f"{grants}/{given['id']}/approve")
        with reading() as session:
            steps = AuditRow.object_id == str(colleague), AuditRow.action.like("identity.role_%")
            rows = session.scalars(select(AuditRow).where(*steps).order_by(AuditRow.id)).all()
            assert [row.action for row in rows] == ["identity.role_granted", "identity.role_approved"]
            first, after = rows[0], rows[1].after or {}
            assert (first.after or {})["awaiting_approval"] is True
            assert after["granted_by"] == first.actor_id != rows[1].actor_id


class TestDemonstrationDevices:
    def _added(self, app: Flask, actor: Actor) -> str:
        with atomic() as session:
            site = make_site(session).id
            return devices.create_device(session, site_id=site, name="东门", actor=actor, now=now()).token

    def _is_let_in(self, app: Flask, token: str, environment: Environment) -> bool:
        settings = app.extensions["settings"]
        app.extensions["settings"] = dataclasses.replace(settings, environment=environment)
        try:
            return authenticate_device(token) is not None
        finally:
            app.extensions["settings"] = settings

    def test_production_refuses_those_of_a_demonstration(self, app: Flask) -> None:
        with atomic() as session:
            demo, real = (make_staff(session, demo=demo).id for demo in (True, False))
        tokens = {
            actor.id: self._added(app, actor)
            for actor in (
                Actor(kind="system", id="demo"),
                Actor(kind="staff", id=str(demo)),
                Actor(kind="staff", id=str(real)),
                SYSTEM,
            )
        }
        let_in = [self._is_let_in(app, token, Environment.PRODUCTION) for token in tokens.values()]
        assert let_in == [False, False, True, True]
        assert all(self._is_let_in(app, token, Environment.DEVELOPMENT) for token in tokens.values())
