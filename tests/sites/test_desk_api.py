"""Staff and their sites over HTTP: scope, editing, the registry's fields, and the opening state."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay, Site
from tests.factories.sites import make_opening_rule, make_organisation, make_site
from tests.factories.staff import signed_in
from tests.sites.conftest import FakeConsequences
from tests.support.clients import BearerClient

STAFF = "/api/staff/v1"
Working = Callable[..., BearerClient]


def a_site(**values: Any) -> UUID:
    with atomic() as session:
        return make_site(session, **values).id


def stored(site_id: UUID) -> Site:
    with reading() as session:
        return session.get_one(Site, site_id)


def trail(action: str) -> list[AuditRow]:
    with reading() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.action == action)))


def events() -> list[tuple[str, dict[str, Any]]]:
    with reading() as session:
        rows = session.scalars(select(EventRow).where(EventRow.name.startswith("sites.")))
        return [(row.name, row.payload) for row in rows]


class TestScope:
    def test_a_manager_sees_the_sites_of_the_role_only(self, working_at: Working) -> None:
        mine, other = a_site(name="本点"), a_site(name="别处")
        manager = working_at(Role.SITE_MANAGER, mine)
        listed = manager.get(f"{STAFF}/sites").get_json()["items"]
        assert [site["name"] for site in listed] == ["本点"]
        assert manager.get(f"{STAFF}/sites/{mine}").status_code == 200
        refused = manager.get(f"{STAFF}/sites/{other}")
        unknown = manager.get(f"{STAFF}/sites/{UUID(int=9)}")
        assert (refused.status_code, refused.get_json()["code"]) == (404, "sites.not_found")
        assert {**refused.get_json(), "trace_id": ""} == {**unknown.get_json(), "trace_id": ""}

    def test_a_role_over_an_organisation_reaches_its_sites(
        self, app: Flask, follows: FakeConsequences
    ) -> None:
        with atomic() as session:
            operator = make_organisation(session).id
            mine = make_site(session, operator_id=operator).id
            make_site(session)
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, organisation_id=operator))
        assert [site["id"] for site in manager.get(f"{STAFF}/sites").get_json()["items"]] == [str(mine)]
        assert manager.patch(f"{STAFF}/sites/{mine}", json={"summary": "新"}).status_code == 200

    def test_an_admin_sees_sites_in_every_state_and_narrows_them(self, admin: BearerClient) -> None:
        a_site(name="筹备点", overlay=Overlay.PREPARING)
        a_site(name="在建点", lifecycle=Lifecycle.UNDER_CONSTRUCTION, overlay=Overlay.NONE)

        def found(query: str) -> list[str]:
            return [site["name"] for site in admin.get(f"{STAFF}/sites?{query}").get_json()["items"]]

        assert len(found("")) == 2
        assert found("overlay=preparing") == ["筹备点"]
        assert found("lifecycle=under_construction") == ["在建点"]
        assert found("q=在建") == ["在建点"]
        assert found("q=!") == []

    def test_pages_hold_every_site_once(self, admin: BearerClient) -> None:
        ids = {str(a_site()) for _ in range(3)}
        first = admin.get(f"{STAFF}/sites?limit=2").get_json()
        rest = admin.get(f"{STAFF}/sites?limit=2&cursor={first['next_cursor']}").get_json()
        assert {site["id"] for site in [*first["items"], *rest["items"]]} == ids
        assert rest["next_cursor"] is None

    def test_nobody_comes_in_without_a_token_and_looking_is_not_changing(
        self, client: FlaskClient, working_at: Working
    ) -> None:
        site = a_site()
        assert client.get(f"{STAFF}/sites").status_code == 401
        guide = working_at(Role.GUIDE, site)
        assert guide.get(f"{STAFF}/sites/{site}").status_code == 200
        assert guide.patch(f"{STAFF}/sites/{site}", json={"summary": "x"}).status_code == 403


class TestEditing:
    def test_what_the_site_owns_is_changed_with_a_trail(self, working_at: Working) -> None:
        site = a_site(address="旧址")
        manager = working_at(Role.SITE_MANAGER, site)
        body = {"address": "人民大街 1 号", "facilities": ["停车场"], "transport": None}
        answer = manager.patch(f"{STAFF}/sites/{site}", json=body)
        assert answer.status_code == 200
        assert answer.get_json()["address"] == "人民大街 1 号"
        assert answer.get_json()["registry"]["project_version"] == 1
        (row,) = trail("sites.edit")
        assert row.before == {"address": "旧址", "facilities": []}
        assert row.after == {"address": "人民大街 1 号", "facilities": ["停车场"]}
        assert events() == [("sites.site_changed", {"site_id": str(site), "part": "profile"})]

    def test_a_new_address_is_found_by_the_public_search(
        self, admin: BearerClient, client: FlaskClient
    ) -> None:
        site = a_site()
        admin.patch(f"{STAFF}/sites/{site}", json={"address": "人民大街 1 号"})
        assert len(client.get("/api/v1/sites?q=人民大街").get_json()["items"]) == 1

    def test_an_edit_that_changes_nothing_leaves_no_trail(self, admin: BearerClient) -> None:
        site = a_site(address="原址")
        assert admin.patch(f"{STAFF}/sites/{site}", json={"address": "原址"}).status_code == 200
        assert trail("sites.edit") == []

    @pytest.mark.parametrize(
        "field",
        ["name", "level", "level_code", "location", "geometry", "lifecycle", "title", "education_base"],
    )
    def test_the_registrys_fields_are_refused_by_name(self, admin: BearerClient, field: str) -> None:
        site = a_site(name="登记名")
        answer = admin.patch(f"{STAFF}/sites/{site}", json={"summary": "新", field: "x"})
        problem = answer.get_json()
        assert (answer.status_code, problem["code"]) == (422, "sites.field_not_owned")
        assert [(e["field"], e["code"]) for e in problem["errors"]] == [(field, "sites.field_not_owned")]
        assert stored(site).summary != "新"

    @pytest.mark.parametrize(
        ("body", "field", "code"),
        [
            ({"colour": "green"}, "colour", "field.unknown"),
            ({"work_phone": "<script>"}, "work_phone", "field.invalid"),
            ({"weekly_closing_weekday": 8}, "weekly_closing_weekday", "field.range"),
            ({"address": ""}, "address", "field.length"),
            ({"facilities": "停车场"}, "facilities", "field.type"),
            ({"booking_mode": "lottery"}, "booking_mode", "field.choice"),
        ],
    )
    def test_a_wrong_value_is_named(
        self, admin: BearerClient, body: dict[str, Any], field: str, code: str
    ) -> None:
        answer = admin.patch(f"{STAFF}/sites/{a_site()}", json=body)
        assert answer.status_code == 422
        assert [(e["field"], e["code"]) for e in answer.get_json()["errors"]] == [(field, code)]

    @pytest.mark.parametrize("body", [{"weekly_closing_weekday": 1}, {"booking_mode": "none"}])
    def test_what_decides_when_it_opens_reaches_the_slots(
        self, admin: BearerClient, follows: FakeConsequences, body: dict[str, Any]
    ) -> None:
        site = a_site(booking_mode=BookingMode.SLOTS)
        admin.patch(f"{STAFF}/sites/{site}", json=body)
        assert follows.applied == [site]

    def test_another_closing_day_can_be_tried_and_changes_nothing(
        self, admin: BearerClient, follows: FakeConsequences
    ) -> None:
        site = a_site(booking_mode=BookingMode.SLOTS)
        with atomic() as session:
            make_opening_rule(session, site)
        path = f"{STAFF}/sites/{site}?dry_run=true"
        preview = admin.patch(path, json={"weekly_closing_weekday": 1}).get_json()
        assert [day["on"] for day in preview["days"]][:2] == ["2026-11-23", "2026-11-30"]
        assert preview["days"][0]["after"]["closed"]["reason_code"] == "weekly_closing"
        assert preview["consequences"] == {"sessions_today": 0}
        assert (stored(site).weekly_closing_weekday, follows.applied) == (None, [])
        refused = admin.patch(path, json={"name": "新"})
        assert refused.get_json()["code"] == "sites.field_not_owned"


class TestOpeningState:
    def move(self, client: BearerClient, site: UUID, to: str, **body: Any) -> Any:
        return client.post(f"{STAFF}/sites/{site}/overlay", json={"to": to, **body})

    def test_a_site_is_prepared_published_suspended_and_reopened(
        self, admin: BearerClient, follows: FakeConsequences
    ) -> None:
        site = a_site(overlay=Overlay.NONE)
        for to in ("preparing", "pending_publication", "open"):
            assert self.move(admin, site, to).status_code == 200
        assert follows.applied == [site]
        paused = self.move(admin, site, "suspended", reason="检修", until="2026-12-31").get_json()
        assert paused == {
            "overlay": "suspended",
            "overlay_reason": "检修",
            "overlay_until": "2026-12-31",
        }
        assert self.move(admin, site, "open").get_json()["overlay_reason"] is None
        assert [row.reason for row in trail("sites.set_overlay")].count("检修") == 1
        assert (
            "sites.overlay_changed",
            {"site_id": str(site), "before": "suspended", "after": "open"},
        ) in events()

    def test_a_manager_prepares_but_does_not_publish(self, working_at: Working) -> None:
        site = a_site(overlay=Overlay.PREPARING)
        manager = working_at(Role.SITE_MANAGER, site)
        assert self.move(manager, site, "pending_publication").status_code == 200
        refused = self.move(manager, site, "open")
        assert (refused.status_code, refused.get_json()["code"]) == (403, "auth.forbidden")
        assert stored(site).overlay is Overlay.PENDING_PUBLICATION

    def test_a_step_that_there_is_not_is_a_conflict(self, admin: BearerClient) -> None:
        refused = self.move(admin, a_site(overlay=Overlay.NONE), "open")
        assert (refused.status_code, refused.get_json()["code"]) == (409, "sites.overlay_step")

    def test_a_suspension_says_why(self, admin: BearerClient) -> None:
        refused = self.move(admin, a_site(), "suspended")
        assert refused.status_code == 422
        assert refused.get_json()["errors"][0]["field"] == "reason"

    @pytest.mark.parametrize(
        "state", [{"lifecycle": Lifecycle.CONFIRMED}, {"education_base": False}], ids=["untitled", "no base"]
    )
    def test_only_a_titled_education_base_opens(self, admin: BearerClient, state: dict[str, Any]) -> None:
        refused = self.move(admin, a_site(overlay=Overlay.PENDING_PUBLICATION, **state), "open")
        assert (refused.status_code, refused.get_json()["code"]) == (409, "sites.not_an_open_base")

    def test_another_organisations_site_is_not_found(self, working_at: Working) -> None:
        mine, other = a_site(), a_site()
        assert self.move(working_at(Role.SITE_MANAGER, mine), other, "suspended").status_code == 404


class TestGateDevices:
    def test_a_device_is_added_listed_and_revoked(self, working_at: Working) -> None:
        site = a_site()
        manager = working_at(Role.SITE_MANAGER, site)
        path = f"{STAFF}/sites/{site}/gate-devices"
        added = manager.post(path, json={"name": "东门平板"})
        assert added.status_code == 201
        assert added.get_json()["token"].startswith("gd_")
        (listed,) = manager.get(path).get_json()["items"]
        assert (listed["name"], "token" in listed) == ("东门平板", False)
        assert manager.delete(f"{path}/{listed['id']}").status_code == 204
        assert manager.get(path).get_json()["items"] == []
        assert manager.delete(f"{path}/{listed['id']}").status_code == 404

    def test_another_sites_devices_are_not_found(self, working_at: Working) -> None:
        mine, other = a_site(), a_site()
        manager = working_at(Role.SITE_MANAGER, mine)
        assert manager.post(f"{STAFF}/sites/{other}/gate-devices", json={"name": "x"}).status_code == 404
