"""Administering accounts, roles and organisations over HTTP, and the audit trail that it leaves."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from miniprogram_api.identity.models import RoleGrant, StaffAccount
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import audit
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import (
    PASSWORD,
    code_now,
    give_role,
    make_staff,
    open_session,
    signed_in,
)
from tests.support.clients import BearerClient

API = "/api/staff/v1"
STAFF = f"{API}/staff"
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def admin(app: Flask, clock: Clock) -> BearerClient:
    return BearerClient(app, signed_in(Role.ADMIN))


@pytest.fixture
def colleague(app: Flask, clock: Clock) -> StaffAccount:
    with atomic() as session:
        return make_staff(session, "li.hua")


def _own_id(client: BearerClient) -> str:
    return str(client.get(f"{API}/me").get_json()["id"])


def _traces() -> tuple[int, int]:
    with reading() as session:
        rows = session.scalar(select(func.count()).select_from(AuditRow))
        facts = session.scalar(select(func.count()).select_from(EventRow))
    return rows or 0, facts or 0


def _error(answer: Any) -> tuple[int, str]:
    body = answer.get_json()
    return answer.status_code, body["errors"][0]["code"] if body["errors"] else body["code"]


def test_a_new_account_gets_a_password_that_nobody_chose_and_must_be_changed(
    admin: BearerClient, client: FlaskClient, app: Flask, clock: Clock
) -> None:
    made = admin.post(STAFF, json={"username": "Wang.Fang", "display_name": "王芳"})
    assert made.status_code == 201
    one_time = made.get_json()["one_time_password"]
    assert made.get_json()["staff"] | {"id": "", "created_at": ""} == {
        "id": "",
        "username": "wang.fang",
        "display_name": "王芳",
        "organisation_id": None,
        "demo": False,
        "must_change_password": True,
        "totp_enrolled": False,
        "created_at": "",
        "disabled_at": None,
        "grants": [],
    }
    credentials = {"username": "wang.fang", "password": one_time}
    secret = client.post(f"{API}/sessions/totp-enrolment", json=credentials).get_json()["secret"]
    enrolled = client.post(
        f"{API}/sessions/totp-enrolment/confirmation", json=credentials | {"totp": code_now(secret=secret)}
    ).get_json()
    own = BearerClient(app, enrolled["signed_in"]["access_token"])
    change = {"current_password": one_time, "new_password": PASSWORD}
    assert own.post(f"{API}/me/password", json=change).status_code == 204
    clock.advance(seconds=30)
    again = client.post(
        f"{API}/sessions",
        json={"username": "wang.fang", "password": PASSWORD, "totp": code_now(secret=secret)},
    )
    assert again.get_json()["staff"]["must_change_password"] is False


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"username": "li.hua", "display_name": "李华"}, (409, "staff.username_taken")),
        ({"username": "LI.HUA", "display_name": "李华"}, (409, "staff.username_taken")),
        ({"username": "王芳芳", "display_name": "王芳"}, (422, "staff.username_form")),
        ({"username": "1st", "display_name": "王芳"}, (422, "staff.username_form")),
        ({"username": "wang", "display_name": ""}, (422, "field.length")),
        ({"username": "wang", "display_name": "王", "organisation_id": "x"}, (422, "staff.no_such_object")),
        ({"username": "wang", "display_name": "王", "password": "chosen"}, (422, "field.unknown")),
        ({"username": "wang", "display_name": "王", "demo": True}, (422, "field.unknown")),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    admin: BearerClient, colleague: StaffAccount, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert _error(admin.post(STAFF, json=body)) == expected


def test_accounts_are_listed_by_username_page_by_page(admin: BearerClient, clock: Clock) -> None:
    with atomic() as session:
        office = make_organisation(session)
        for name in ("chen", "bai", "an.an"):
            make_staff(session, name, role=Role.GATE, organisation_id=office.id, belongs_to=office.id)
        office_id = office.id
    seen, cursor = [], ""
    while True:
        page = admin.get(f"{STAFF}?organisation_id={office_id}&limit=2{cursor}").get_json()
        seen += [(item["username"], len(item["grants"])) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [("an.an", 1), ("bai", 1), ("chen", 1)]
    assert len(admin.get(STAFF).get_json()["items"]) == 4


def test_an_unknown_account_is_not_found(admin: BearerClient) -> None:
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"display_name": "x"}),
        ("POST", "/disable", {"reason": "x"}),
        ("POST", "/enable", {"reason": "x"}),
        ("POST", "/password-reset", None),
        ("POST", "/totp-reset", {"reason": "x"}),
        ("POST", "/grants", {"role": "admin"}),
        ("DELETE", f"/grants/{new_id()}", None),
    ):
        for unknown in (new_id(), "none", "0" * 32):
            answer = getattr(admin, method.lower())(f"{STAFF}/{unknown}{path}", json=body)
            assert answer.status_code == 404, (method, path)


class TestRoles:
    def test_a_granted_role_counts_at_once_and_so_does_its_removal(
        self, admin: BearerClient, colleague: StaffAccount, app: Flask
    ) -> None:
        with atomic() as session:
            own = BearerClient(app, open_session(session, colleague.id))
        assert own.get(f"{API}/audit").status_code == 403
        grant = admin.post(f"{STAFF}/{colleague.id}/grants", json={"role": "auditor"})
        assert grant.status_code == 201
        assert grant.get_json()["reach"] == "city"
        assert own.get(f"{API}/audit").status_code == 200
        path = f"{STAFF}/{colleague.id}/grants/{grant.get_json()['id']}"
        assert admin.delete(f"{path}?reason=离岗").status_code == 204
        assert own.get(f"{API}/audit").status_code == 403
        assert admin.delete(path).status_code == 404

    def test_a_role_is_held_once_and_can_be_given_again_after_its_removal(
        self, admin: BearerClient, colleague: StaffAccount
    ) -> None:
        url = f"{STAFF}/{colleague.id}/grants"
        first = admin.post(url, json={"role": "auditor"}).get_json()
        assert _error(admin.post(url, json={"role": "auditor"})) == (409, "staff.already_granted")
        admin.delete(f"{url}/{first['id']}")
        assert admin.post(url, json={"role": "auditor"}).status_code == 201
        assert len(admin.get(f"{STAFF}/{colleague.id}").get_json()["grants"]) == 1

    def test_a_role_over_a_site_and_over_an_organisation(
        self, admin: BearerClient, colleague: StaffAccount
    ) -> None:
        with atomic() as session:
            site_id, office_id = make_site(session).id, make_organisation(session).id
        url = f"{STAFF}/{colleague.id}/grants"
        over_site = admin.post(url, json={"role": "gate", "site_id": str(site_id)}).get_json()
        over_office = admin.post(url, json={"role": "gate", "organisation_id": str(office_id)}).get_json()
        assert (over_site["reach"], over_site["site_id"]) == ("site", str(site_id))
        assert (over_office["reach"], over_office["organisation_id"]) == ("organisation", str(office_id))

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"role": "gate"}, "staff.role_reach"),
            ({"role": "admin", "site_id": "known"}, "staff.role_reach"),
            ({"role": "gate", "site_id": "known", "organisation_id": "unknown"}, "staff.role_reach"),
            ({"role": "gate", "site_id": "unknown"}, "staff.no_such_object"),
            ({"role": "gate", "organisation_id": "unknown"}, "staff.no_such_object"),
            ({"role": "wizard"}, "field.choice"),
            ({}, "field.required"),
        ],
    )
    def test_a_role_that_cannot_be_held_there_is_refused(
        self, admin: BearerClient, colleague: StaffAccount, body: dict[str, str], expected: str
    ) -> None:
        with atomic() as session:
            known = {"known": str(make_site(session).id)}
        body = {key: known.get(value, value) for key, value in body.items()}
        assert _error(admin.post(f"{STAFF}/{colleague.id}/grants", json=body)) == (422, expected)

    def test_a_grant_is_taken_from_its_holder_only(
        self, admin: BearerClient, colleague: StaffAccount
    ) -> None:
        with atomic() as session:
            other_id = make_staff(session).id
            grant_id = give_role(session, other_id, Role.AUDITOR)
        assert admin.delete(f"{STAFF}/{colleague.id}/grants/{grant_id}").status_code == 404
        assert len(admin.get(f"{STAFF}/{other_id}").get_json()["grants"]) == 1

    def test_nobody_changes_their_own_rights(self, admin: BearerClient) -> None:
        own = f"{STAFF}/{_own_id(admin)}"
        grant_id = admin.get(own).get_json()["grants"][0]["id"]
        for answer in (
            admin.post(f"{own}/grants", json={"role": "dpo"}),
            admin.delete(f"{own}/grants/{grant_id}"),
            admin.post(f"{own}/disable", json={"reason": "x"}),
            admin.post(f"{own}/password-reset"),
            admin.post(f"{own}/totp-reset", json={"reason": "x"}),
            admin.patch(own, json={"organisation_id": None}),
        ):
            assert _error(answer) == (409, "staff.own_account")

    def test_leaving_an_organisation_takes_every_role_held_through_it(
        self, admin: BearerClient, clock: Clock
    ) -> None:
        with atomic() as session:
            office, other = make_organisation(session), make_organisation(session)
            site = make_site(session, operator_id=office.id)
            account = make_staff(session, belongs_to=office.id)
            give_role(session, account.id, Role.SITE_MANAGER, organisation_id=office.id)
            give_role(session, account.id, Role.GATE, site_id=site.id)
            give_role(session, account.id, Role.AUDITOR)
            account_id, other_id = account.id, other.id
        moved = admin.patch(f"{STAFF}/{account_id}", json={"organisation_id": str(other_id)}).get_json()
        assert moved["organisation_id"] == str(other_id)
        assert [grant["role"] for grant in moved["grants"]] == ["auditor"]
        with reading() as session:
            reasons = session.scalars(
                select(RoleGrant.revoke_reason).where(RoleGrant.revoked_at.is_not(None))
            ).all()
        assert reasons == ["left_organisation"] * 2

    def test_the_first_organisation_takes_nothing(self, admin: BearerClient, clock: Clock) -> None:
        with atomic() as session:
            office = make_organisation(session)
            account = make_staff(session)
            give_role(session, account.id, Role.GATE, organisation_id=office.id)
            account_id, office_id = account.id, office.id
        for _ in range(2):
            moved = admin.patch(f"{STAFF}/{account_id}", json={"organisation_id": str(office_id)})
            assert len(moved.get_json()["grants"]) == 1

    def test_the_policy_can_be_read(self, admin: BearerClient) -> None:
        body = admin.get(f"{API}/roles").get_json()
        assert {item["role"] for item in body["items"]} == {role.value for role in Role}
        assert body["permissions"]["gate.scan"]


class TestState:
    def test_a_disabled_account_is_refused_until_it_is_enabled(
        self, admin: BearerClient, colleague: StaffAccount, client: FlaskClient, clock: Clock
    ) -> None:
        sign_in = {"username": "li.hua", "password": PASSWORD}
        disabled = admin.post(f"{STAFF}/{colleague.id}/disable", json={"reason": "离岗"})
        assert disabled.get_json()["disabled_at"] == "2026-11-23T10:00:00+08:00"
        refused = client.post(f"{API}/sessions", json=sign_in | {"totp": code_now()})
        assert _error(refused) == (401, "auth.bad_credentials")
        assert admin.post(f"{STAFF}/{colleague.id}/enable", json={"reason": "返岗"}).status_code == 200
        assert client.post(f"{API}/sessions", json=sign_in | {"totp": code_now()}).status_code == 201

    def test_disabling_twice_leaves_one_trace(self, admin: BearerClient, colleague: StaffAccount) -> None:
        admin.post(f"{STAFF}/{colleague.id}/disable", json={"reason": "离岗"})
        before = _traces()
        assert admin.post(f"{STAFF}/{colleague.id}/disable", json={"reason": "again"}).status_code == 200
        assert _traces() == before

    def test_a_reset_password_ends_sessions_and_lifts_a_lock(
        self, admin: BearerClient, colleague: StaffAccount, client: FlaskClient, app: Flask
    ) -> None:
        with atomic() as session:
            own = BearerClient(app, open_session(session, colleague.id))
        for _ in range(5):
            client.post(f"{API}/sessions", json={"username": "li.hua", "password": "wrong"})
        one_time = admin.post(f"{STAFF}/{colleague.id}/password-reset").get_json()["one_time_password"]
        assert own.get(f"{API}/me").status_code == 401
        body = {"username": "li.hua", "password": one_time, "totp": code_now()}
        assert client.post(f"{API}/sessions", json=body).get_json()["staff"]["must_change_password"] is True

    def test_a_lost_second_factor_is_enrolled_anew(
        self, admin: BearerClient, colleague: StaffAccount, client: FlaskClient
    ) -> None:
        assert (
            admin.post(f"{STAFF}/{colleague.id}/totp-reset", json={"reason": "手机遗失"}).status_code == 200
        )
        body = {"username": "li.hua", "password": PASSWORD, "totp": code_now()}
        answer = client.post(f"{API}/sessions", json=body)
        assert _error(answer) == (403, "auth.totp_enrolment_required")

    def test_an_account_is_renamed(self, admin: BearerClient, colleague: StaffAccount) -> None:
        renamed = admin.patch(f"{STAFF}/{colleague.id}", json={"display_name": " 李桦 "})
        assert renamed.get_json()["display_name"] == "李桦"


class TestOrganisations:
    def test_they_are_made_and_listed(self, admin: BearerClient) -> None:
        url = f"{API}/organisations"
        body = {"name": "长春市示范小学", "credit_code": "12220100412754123X"}
        assert admin.post(url, json=body).status_code == 201
        assert _error(admin.post(url, json=body)) == (409, "staff.organisation_exists")
        assert [item["name"] for item in admin.get(url).get_json()["items"]] == ["长春市示范小学"]

    @pytest.mark.parametrize("credit_code", ["", "123", "1222010041275412IO", "12220100412754123x"])
    def test_a_credit_code_has_its_form(self, admin: BearerClient, credit_code: str) -> None:
        body = {"name": "x", "credit_code": credit_code}
        assert admin.post(f"{API}/organisations", json=body).status_code == 422


class TestTrail:
    @pytest.mark.parametrize(
        ("call", "body", "traces"),
        [
            ("POST /staff", {"username": "wang", "display_name": "王"}, 1),
            ("PATCH /staff/{id}", {"display_name": "x"}, 1),
            ("POST /staff/{id}/disable", {"reason": "x"}, 1),
            ("POST /staff/{id}/password-reset", None, 1),
            ("POST /staff/{id}/totp-reset", {"reason": "x"}, 1),
            ("POST /staff/{id}/grants", {"role": "dpo"}, 1),
            ("POST /organisations", {"name": "x"}, 1),
            ("GET /staff/{id}", None, 0),
        ],
    )
    def test_every_change_leaves_one_audit_row_and_one_event(
        self,
        admin: BearerClient,
        colleague: StaffAccount,
        call: str,
        body: dict[str, Any] | None,
        traces: int,
    ) -> None:
        before = _traces()
        method, _, path = call.partition(" ")
        answer = getattr(admin, method.lower())(API + path.format(id=colleague.id), json=body)
        assert answer.status_code < 300
        assert _traces() == (before[0] + traces, before[1] + traces)

    def test_auditors_read_it_filtered_and_page_by_page(
        self, admin: BearerClient, colleague: StaffAccount, app: Flask, clock: Clock
    ) -> None:
        auditor = BearerClient(app, signed_in(Role.AUDITOR))
        clock.advance(minutes=1)
        for role in ("dpo", "editor", "reviewer"):
            admin.post(f"{STAFF}/{colleague.id}/grants", json={"role": role})
        query = f"{API}/audit?action=identity.role_granted&actor_id={_own_id(admin)}&object_id={colleague.id}"
        everything = auditor.get(query).get_json()["items"]
        assert [row["after"]["role"] for row in everything] == ["reviewer", "editor", "dpo"]
        page = auditor.get(f"{query}&limit=2").get_json()
        rest = auditor.get(f"{query}&limit=2&cursor={page['next_cursor']}").get_json()
        assert page["items"] + rest["items"] == everything
        assert rest["next_cursor"] is None
        since = auditor.get(f"{API}/audit?since=2026-11-23T10:01:00%2B08:00&object_type=staff").get_json()[
            "items"
        ]
        assert len(since) == 3
        until = auditor.get(
            f"{API}/audit?until=2026-11-23T10:01:00%2B08:00&action=identity.role_granted"
        ).get_json()
        assert colleague.id not in [UUID(row["object_id"]) for row in until["items"]]

    def test_a_sealed_row_shows_its_place_in_the_chain(self, app: Flask, clock: Clock) -> None:
        auditor = BearerClient(app, signed_in(Role.AUDITOR))
        assert {row["sequence"] for row in auditor.get(f"{API}/audit").get_json()["items"]} == {None}
        audit.seal_audit()
        rows = auditor.get(f"{API}/audit").get_json()["items"]
        assert sorted(row["sequence"] for row in rows) == list(range(1, len(rows) + 1))
        assert all(len(row["hash"]) == 64 for row in rows)

    def test_it_cannot_be_changed_and_is_not_for_administrators(
        self, admin: BearerClient, app: Flask, clock: Clock
    ) -> None:
        auditor = BearerClient(app, signed_in(Role.AUDITOR))
        assert admin.get(f"{API}/audit").status_code == 403
        for method in ("post", "put", "patch", "delete"):
            assert getattr(auditor, method)(f"{API}/audit").status_code == 405
