"""Bookings for a site's staff: who comes, booking for callers under the same rules, cancelling."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, Slot, SlotState, Strike
from miniprogram_api.visits.rules.party import Contact
from miniprogram_api.visits.rules.policy import RealName
from miniprogram_api.visits.service import booking
from miniprogram_api.visits.service.booking_draft import Draft
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import CONTACT, Visitor, code_of, fresh_key, reconcile, trying, wish
from tests.support.clients import BearerClient
from tests.support.races import at_once, meeting_first
from tests.support.statements import statements

ADA = {"name": "王小明", "id_type": "id_card", "id_number": "220102198501010019"}


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def manager(app: Flask, site: Site) -> BearerClient:
    return BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))


@pytest.fixture
def alice(app: Flask, clock: Clock) -> Visitor:
    return Visitor(app, "o-alice")


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


def call(manager: BearerClient, site: Site, slot: Slot, adults: int = 1, **body: Any) -> Any:
    asked = {
        "slot_id": str(slot.id),
        "party": {"adults": adults},
        "channel": "phone",
        "contact": CONTACT,
    } | body
    return manager.post(f"/api/staff/v1/sites/{site.id}/bookings", json=asked, headers=fresh_key())


def booked(slot: Slot) -> int:
    with reading() as session:
        return session.scalars(select(Slot.booked).where(Slot.id == slot.id)).one()


class TestBookingForCallers:
    @pytest.mark.parametrize("channel", ["phone", "window"])
    def test_records_the_channel_and_no_member(self, site: Site, manager: BearerClient, channel: str) -> None:
        slot = add_slot(site)
        answer = call(manager, site, slot, 2, channel=channel)
        assert answer.status_code == 201
        shown = answer.get_json()
        assert (shown["channel"], shown["seats"], shown["status"]) == (channel, 2, "confirmed")
        assert shown["contact"] == {"name_masked": "张**", "phone_masked": "138****8000"}
        assert booked(slot) == 2
        with reading() as session:
            assert session.scalars(select(Booking.member_id)).one() is None

    def test_is_bound_by_the_same_rules(self, site: Site, manager: BearerClient) -> None:
        with atomic() as session:
            make_policy(session, site.id, real_name=RealName.LEAD.value)
        slot = add_slot(site, capacity=4)
        far = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=30))
        assert code_of(call(manager, site, slot, 6)) == (409, "visits.party_too_large")
        assert code_of(call(manager, site, slot, 5)) == (409, "visits.slot_full")
        assert code_of(call(manager, site, far)) == (409, "visits.not_released")
        assert code_of(call(manager, site, slot)) == (422, "visits.visitors_required")
        assert call(manager, site, slot, visitors=[ADA]).status_code == 201

    def test_one_phone_has_one_visit_a_day(self, site: Site, manager: BearerClient) -> None:
        slot, later = add_slot(site), add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=3))
        assert call(manager, site, slot).status_code == 201
        again = call(manager, site, later, contact=CONTACT | {"phone": "+86 138-0013-8000"})
        assert code_of(again) == (409, "visits.already_booked")

    def test_a_phone_has_no_more_visits_than_a_member(
        self, app: Flask, site: Site, manager: BearerClient
    ) -> None:
        with atomic() as session:
            make_policy(session, site.id, visits_limit=1)
            other_site = make_site(session)
        slot, next_day = add_slot(site), add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
        assert call(manager, site, slot).status_code == 201
        assert code_of(call(manager, site, next_day)) == (409, "visits.limit_reached")
        elsewhere = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=other_site.id))
        assert code_of(call(elsewhere, other_site, add_slot(other_site))) == (409, "visits.overlaps")
        assert call(manager, site, next_day, override={"reason": "老年团"}).status_code == 201

    def test_a_family_that_shares_a_phone_keeps_its_members_apart(
        self, site: Site, manager: BearerClient, alice: Visitor
    ) -> None:
        with atomic() as session:
            make_policy(session, site.id, visits_limit=1)
        alice.booked(add_slot(site).id, contact=CONTACT)
        next_day = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
        assert call(manager, site, next_day).status_code == 201

    def test_two_calls_at_once_from_one_phone_make_one_booking(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slots = [add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=hour)) for hour in (0, 3)]
        monkeypatch.setattr(booking, "Draft", meeting_first(Draft, 2))
        caller = Contact("张三丰", "13800138000")
        wishes = [replace(wish(slot, new_id()), member_id=None, contact=caller) for slot in slots]
        outcomes = sorted(at_once(app, [trying(wanted) for wanted in wishes]))
        assert outcomes == ["booked", "visits.already_booked"]
        assert reconcile() == []

    def test_a_caller_says_where_they_can_be_reached(self, site: Site, manager: BearerClient) -> None:
        slot = add_slot(site)
        answer = call(manager, site, slot, contact=None)
        assert code_of(answer) == (422, "request.invalid")
        assert [error["field"] for error in answer.get_json()["errors"]] == ["contact"]
        assert call(manager, site, slot, contact=None, channel="window").status_code == 201

    def test_an_override_lifts_a_rule_and_leaves_its_reason(self, site: Site, manager: BearerClient) -> None:
        far = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=30))
        answer = call(manager, site, far, 9, override={"reason": "市民代表团"})
        assert answer.status_code == 201
        with reading() as session:
            object_id = answer.get_json()["id"]
            row = session.scalars(select(AuditRow).where(AuditRow.object_id == object_id)).one()
        assert (row.reason, row.after["overridden"] if row.after else None) == ("市民代表团", True)
        assert row.actor_kind == "staff"

    def test_an_override_needs_a_reason_and_a_permission(
        self, app: Flask, site: Site, manager: BearerClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slot = add_slot(site)
        assert call(manager, site, slot, override={}).status_code == 422
        assert call(manager, site, slot, override={"reason": " "}).status_code == 422
        gate = BearerClient(app, signed_in(Role.GATE, site_id=site.id))
        assert code_of(call(gate, site, slot, override={"reason": "x"})) == (403, "auth.forbidden")

    def test_an_override_never_opens_what_is_closed_or_full(self, site: Site, manager: BearerClient) -> None:
        override = {"reason": "领导视察"}
        closed = add_slot(site, state=SlotState.CLOSED, closed_reason="safety", closed_text="安全检查")
        full = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=1), capacity=1, booked=1)
        assert code_of(call(manager, site, closed, override=override)) == (409, "visits.slot_closed")
        assert code_of(call(manager, site, full, override=override)) == (409, "visits.slot_full")

    def test_the_same_key_gets_the_first_answer(self, site: Site, manager: BearerClient) -> None:
        slot = add_slot(site)
        path = f"/api/staff/v1/sites/{site.id}/bookings"
        body = {"slot_id": str(slot.id), "party": {"adults": 2}, "channel": "window"}
        first = manager.post(path, json=body, headers=fresh_key("desk-1"))
        again = manager.post(path, json=body, headers=fresh_key("desk-1"))
        assert (again.status_code, again.get_json()) == (201, first.get_json())
        assert booked(slot) == 2

    @pytest.mark.parametrize("channel", ["app", "walk_in", "fax"])
    def test_other_channels_are_refused(self, site: Site, manager: BearerClient, channel: str) -> None:
        assert call(manager, site, add_slot(site), channel=channel).status_code == 422

    def test_slots_of_other_sites_are_not_found(self, app: Flask, site: Site, manager: BearerClient) -> None:
        with atomic() as session:
            elsewhere = make_site(session)
        slot = add_slot(elsewhere)
        assert call(manager, site, slot).status_code == 404
        assert call(manager, elsewhere, slot).status_code == 404


class TestLooking:
    def test_a_day_is_listed_masked_in_its_order(
        self, app: Flask, site: Site, manager: BearerClient, alice: Visitor
    ) -> None:
        late = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=3))
        early, next_day = add_slot(site), add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
        second = alice.booked(late.id, contact=CONTACT)["id"]
        first = Visitor(app).booked(early.id)["id"]
        alice.booked(next_day.id)
        answer = manager.get(f"/api/staff/v1/sites/{site.id}/bookings?date=2026-11-25")
        assert [item["id"] for item in answer.get_json()["items"]] == [first, second]
        assert CONTACT["phone"] not in answer.text
        assert CONTACT["name"] not in answer.get_data(as_text=True)

    def test_filters_by_status_slot_number_and_short_code(
        self, app: Flask, site: Site, manager: BearerClient, alice: Visitor
    ) -> None:
        slot = add_slot(site)
        one, other = alice.booked(slot.id), Visitor(app).booked(slot.id)
        alice.cancel(one["id"])

        def found(**query: str) -> list[str]:
            answer = manager.get(f"/api/staff/v1/sites/{site.id}/bookings", query_string=query)
            return [item["id"] for item in answer.get_json()["items"]]

        assert found(status="cancelled", date="2026-11-25") == [one["id"]]
        assert found(slot_id=str(slot.id), status="confirmed") == [other["id"]]
        assert found(q=one["number"].lower()) == [one["id"]]
        assert found(q=other["ticket"]["short_code"].lower()) == [other["id"]]
        assert found(q="nothing") == []
        assert found(date="2026-11-24") == []

    def test_without_a_day_it_begins_today(
        self, app: Flask, site: Site, alice: Visitor, clock: Clock
    ) -> None:
        first = alice.booked(add_slot(site).id)
        later = Visitor(app).booked(add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1)).id)
        clock.set(WEDNESDAY_AT_NINE + timedelta(days=1, hours=-3))
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
        items = manager.get(f"/api/staff/v1/sites/{site.id}/bookings").get_json()["items"]
        assert [item["id"] for item in items] == [later["id"]]
        items = manager.get(f"/api/staff/v1/sites/{site.id}/bookings?q={first['number']}").get_json()["items"]
        assert [item["id"] for item in items] == [first["id"]]

    def test_a_list_has_pages_and_a_constant_number_of_statements(
        self, app: Flask, site: Site, manager: BearerClient
    ) -> None:
        slot = add_slot(site)
        for _ in range(5):
            Visitor(app).booked(slot.id)
        path = f"/api/staff/v1/sites/{site.id}/bookings?date=2026-11-25"
        with statements() as few:
            first = manager.get(f"{path}&limit=2").get_json()
        with statements() as many:
            rest = manager.get(f"{path}&limit=3&cursor={first['next_cursor']}").get_json()
        assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 3, None)
        assert len(few) == len(many)

    def test_one_booking_is_shown_within_the_scope_only(
        self, app: Flask, site: Site, manager: BearerClient, alice: Visitor
    ) -> None:
        shown = alice.booked(add_slot(site).id)
        assert manager.get(f"/api/staff/v1/bookings/{shown['id']}").get_json()["number"] == shown["number"]
        with atomic() as session:
            elsewhere = make_site(session)
        stranger = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=elsewhere.id))
        theirs = stranger.get(f"/api/staff/v1/bookings/{shown['id']}")
        nobodys = stranger.get(f"/api/staff/v1/bookings/{new_id()}")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.get_json()["detail"] == nobodys.get_json()["detail"]
        assert stranger.get(f"/api/staff/v1/sites/{site.id}/bookings").status_code == 404


class TestCancellingAsTheSite:
    def test_needs_a_reason_and_never_counts_against_the_member(
        self, site: Site, manager: BearerClient, alice: Visitor, clock: Clock, app: Flask
    ) -> None:
        slot = add_slot(site)
        shown = alice.booked(slot.id, 2)
        clock.set(WEDNESDAY_AT_NINE + timedelta(minutes=10))
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
        path = f"/api/staff/v1/bookings/{shown['id']}/cancel"
        assert manager.post(path, json={}).status_code == 422
        answer = manager.post(path, json={"reason": "设备故障"})
        assert answer.status_code == 200
        cancelled = answer.get_json()
        assert (cancelled["status"], cancelled["cancelled_by"], cancelled["cancel_reason"]) == (
            "cancelled",
            "site",
            "设备故障",
        )
        assert booked(slot) == 0
        with reading() as session:
            assert session.scalars(select(func.count()).select_from(Strike)).one() == 0

    def test_may_cancel_part_of_a_party(self, site: Site, manager: BearerClient, alice: Visitor) -> None:
        slot = add_slot(site)
        shown = alice.booked(slot.id, 3)
        path = f"/api/staff/v1/bookings/{shown['id']}/cancel"
        answer = manager.post(path, json={"seats": 1, "reason": "临时缩减"})
        assert answer.get_json()["seats"] == 2
        assert booked(slot) == 2

    def test_after_the_end_it_is_too_late(self, app: Flask, site: Site, alice: Visitor, clock: Clock) -> None:
        slot = add_slot(site)
        shown = alice.booked(slot.id)
        clock.set(slot.ends_at)
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
        answer = manager.post(f"/api/staff/v1/bookings/{shown['id']}/cancel", json={"reason": "x"})
        assert code_of(answer) == (409, "visits.cancel_too_late")

    def test_other_sites_bookings_are_not_found(self, app: Flask, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id)
        with atomic() as session:
            elsewhere = make_site(session)
        stranger = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=elsewhere.id))
        path = f"/api/staff/v1/bookings/{shown['id']}/cancel"
        assert stranger.post(path, json={"reason": "x"}).status_code == 404
