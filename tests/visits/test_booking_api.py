"""Booking a visit over HTTP: what is accepted, what is refused and why, and what a repeated request gets."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.idempotency import StoredAnswer
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay, Site
from miniprogram_api.visits import tickets
from miniprogram_api.visits.models import (
    Booking,
    DayCap,
    Slot,
    SlotState,
    Standing,
)
from miniprogram_api.visits.models import (
    Visitor as VisitorRow,
)
from miniprogram_api.visits.personal import phone_index
from miniprogram_api.visits.rules.policy import RealName
from miniprogram_api.web import limits
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import CONTACT, Visitor, code_of, reconcile
from tests.support.statements import statements

SECOND = timedelta(seconds=1)
ADA = {"name": "王小明", "id_type": "id_card", "id_number": "220102198501010019"}
BOB = {"name": "Ada Lovelace", "id_type": "passport", "id_number": "G1234567"}


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def alice(app: Flask, clock: Clock) -> Visitor:
    return Visitor(app, "o-alice")


@pytest.fixture
def bob(app: Flask, clock: Clock) -> Visitor:
    return Visitor(app, "o-bob")


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


def set_policy(site: Site, **numbers: Any) -> None:
    with atomic() as session:
        make_policy(session, site.id, **numbers)


def read_slot(slot: Slot) -> Slot:
    with reading() as session:
        return session.scalars(
            select(Slot).where(Slot.id == slot.id).execution_options(populate_existing=True)
        ).one()


def count(model: Any) -> int:
    with reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


class TestABooking:
    def test_has_a_number_a_ticket_and_its_deadline(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site)
        answer = alice.book(slot.id, 2, 1, contact=CONTACT)
        assert answer.status_code == 201
        shown = answer.get_json()
        assert shown["status"] == "confirmed"
        assert shown["seats"] == 3
        assert shown["party"] == {"adults": 2, "children": 1}
        assert shown["slot"] == {
            "id": str(slot.id),
            "starts_at": "2026-11-25T09:00:00+08:00",
            "ends_at": "2026-11-25T10:00:00+08:00",
        }
        assert shown["site"]["id"] == str(site.id)
        assert shown["cancel_free_until"] == "2026-11-24T20:00:00+08:00"
        assert shown["cancel_until"] == "2026-11-25T09:00:00+08:00"
        assert shown["contact"] == {"name_masked": "张**", "phone_masked": "138****8000"}
        claims = tickets.verify(shown["ticket"]["code"])
        assert (claims.slot_id, claims.seats, claims.sequence) == (slot.id, 3, 1)
        assert shown["ticket"]["valid_from"] == "2026-11-25T08:45:00+08:00"
        assert shown["ticket"]["valid_until"] == "2026-11-25T09:30:00+08:00"

    def test_is_read_as_it_was_answered(self, site: Site, alice: Visitor) -> None:
        set_policy(site, real_name=RealName.ALL.value)
        slot = add_slot(site)
        shown = alice.booked(slot.id, 2, 1, contact=CONTACT, visitors=[ADA, BOB], needs={"wheelchair": True})
        assert alice.get(f"/api/v1/bookings/{shown['id']}").get_json() == shown

    def test_takes_its_seats(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site)
        alice.booked(slot.id, 2, 3, needs={"wheelchair": 1})
        counted = read_slot(slot)
        assert (counted.booked, counted.children_booked, counted.wheelchairs_booked, counted.held) == (
            5,
            3,
            1,
            0,
        )

    def test_leaves_one_event_one_audit_row_and_one_stored_answer(self, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id)
        with reading() as session:
            event = session.scalars(select(EventRow).where(EventRow.name == "visits.visit_booked")).one()
            trail = session.scalars(select(AuditRow).where(AuditRow.object_type == "booking")).one()
            answer = session.scalars(select(StoredAnswer)).one()
        assert event.payload["booking_id"] == trail.object_id == shown["id"]
        assert (trail.action, trail.actor_kind, trail.actor_id) == ("visits.book", "member", str(alice.id))
        assert (answer.status, answer.body) == (201, shown)

    def test_is_three_statements_on_postgresql(self, site: Site, alice: Visitor, on_postgres: bool) -> None:
        slot, other = add_slot(site), add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
        alice.booked(slot.id, 2, contact=CONTACT)
        with statements() as sent:
            alice.booked(other.id, 2, contact=CONTACT)
        if on_postgres:
            assert len(sent) == 3, sent

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"party": {"adults": 0, "children": 0}}, "party"),
            ({"party": {"adults": -1}}, "party.adults"),
            ({"party": {"adults": 1.5}}, "party.adults"),
            ({"party": {"adults": True}}, "party.adults"),
            ({"party": {"children": 1}}, "party.adults"),
            ({"party": None}, "party"),
            ({"contact": {"name": "张三", "phone": "123"}}, "contact.phone"),
            ({"contact": {"name": " ", "phone": "13800138000"}}, "contact.name"),
            ({"needs": {"wheelchair": 2}}, "needs.wheelchair"),
            ({"needs": {"wheelchair": "yes"}}, "needs.wheelchair"),
            ({"needs": {"sign_language": "yes"}}, "needs.sign_language"),
            ({"visitors": [ADA | {"id_number": "220102198501010018"}]}, "visitors.0.id_number"),
            ({"visitors": [ADA, ADA]}, "visitors.1.id_number"),
            ({"visitors": [ADA | {"id_type": "library_card"}]}, "visitors.0.id_type"),
            ({"surprise": 1}, "surprise"),
        ],
    )
    def test_with_a_wrong_field_is_refused_by_name(
        self, site: Site, alice: Visitor, body: dict[str, Any], field: str
    ) -> None:
        answer = alice.book(add_slot(site).id, **body)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.get_json()["errors"]] == [field]
        assert count(Booking) == 0

    @pytest.mark.parametrize("slot_id", ["0", "nothing", "00000000-0000-7000-8000-000000000000"])
    def test_of_no_slot_is_not_found(self, alice: Visitor, slot_id: str) -> None:
        assert code_of(alice.book(slot_id)) == (404, "request.not_found")

    def test_needs_somebody_signed_in(self, app: Flask, clock: Clock) -> None:
        answer = app.test_client().post("/api/v1/bookings", json={}, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 401


class TestSitesAndSlots:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"overlay": Overlay.SUSPENDED}, (409, "visits.site_not_bookable")),
            ({"lifecycle": Lifecycle.RECTIFYING}, (409, "visits.site_not_bookable")),
            ({"booking_mode": BookingMode.NONE}, (409, "visits.site_not_bookable")),
            ({"overlay": Overlay.PREPARING}, (404, "request.not_found")),
        ],
    )
    def test_a_site_that_takes_no_bookings_refuses(
        self, app: Flask, clock: Clock, alice: Visitor, values: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        with atomic() as session:
            site = make_site(session, **values)
        assert code_of(alice.book(add_slot(site).id)) == expected

    def test_a_closed_slot_refuses_with_its_reason(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site, state=SlotState.CLOSED, closed_reason="weather", closed_text="因大雪闭馆")
        answer = alice.book(slot.id)
        assert code_of(answer) == (409, "visits.slot_closed")
        assert "因大雪闭馆" in answer.get_json()["detail"]

    def test_the_window_opens_and_closes_to_the_second(self, site: Site, clock: Clock, app: Flask) -> None:
        slot = add_slot(site)
        clock.set(slot.releases_at - SECOND)
        early = Visitor(app).book(slot.id)
        assert code_of(early) == (409, "visits.not_released")
        assert early.get_json()["params"]["opens_at"] == "2026-11-18T18:00:00+08:00"
        clock.set(slot.releases_at)
        Visitor(app).booked(slot.id)
        clock.set(slot.books_until - SECOND)
        Visitor(app).booked(slot.id)
        clock.set(slot.books_until)
        assert code_of(Visitor(app).book(slot.id)) == (409, "visits.past_cutoff")


class TestCaps:
    def test_the_slot_the_children_the_wheelchairs_and_the_day_each_refuse_with_their_own_code(
        self, site: Site, alice: Visitor
    ) -> None:
        slot = add_slot(site, capacity=4, child_capacity=1, wheelchair_capacity=1)
        assert code_of(alice.book(slot.id, 5)) == (409, "visits.slot_full")
        assert code_of(alice.book(slot.id, 1, 2)) == (409, "visits.children_full")
        assert code_of(alice.book(slot.id, 2, needs={"wheelchair": 2})) == (409, "visits.wheelchairs_taken")
        with atomic() as session:
            session.add(DayCap(site_id=site.id, visit_on=slot.visit_on, capacity=3, booked=0))
        assert code_of(alice.book(slot.id, 4)) == (409, "visits.day_full")
        alice.booked(slot.id, 2, 1, needs={"wheelchair": True})
        with reading() as session:
            assert session.get_one(DayCap, (site.id, slot.visit_on)).booked == 3

    def test_a_party_is_guided_in_sign_language_as_long_as_somebody_can(self, site: Site, app: Flask) -> None:
        slot = add_slot(site, sign_language_capacity=1)
        signing = {"sign_language": True}
        first = Visitor(app)
        shown = first.booked(slot.id, 3, needs=signing)
        assert shown["needs"] == {"wheelchair": 0, "sign_language": True}
        refused = Visitor(app).book(slot.id, needs=signing)
        assert code_of(refused) == (409, "visits.sign_language_taken")
        assert Visitor(app).booked(slot.id)["needs"]["sign_language"] is False
        fewer = first.cancel(shown["id"], seats=1).get_json()
        assert fewer["needs"]["sign_language"] is True
        first.cancel(shown["id"])
        assert Visitor(app).book(slot.id, needs=signing).status_code == 201
        assert reconcile() == []

    def test_a_move_takes_the_sign_language_guide_along(self, site: Site, app: Flask) -> None:
        old = add_slot(site, sign_language_capacity=1)
        taken = add_slot(
            site,
            starts_at=WEDNESDAY_AT_NINE + timedelta(hours=2),
            sign_language_capacity=0,
        )
        new = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1), sign_language_capacity=1)
        visitor = Visitor(app)
        shown = visitor.booked(old.id, needs={"sign_language": True})
        assert code_of(visitor.move(shown["id"], taken.id)) == (409, "visits.sign_language_taken")
        assert visitor.move(shown["id"], new.id).status_code == 200
        with reading() as session:
            counts = session.execute(select(Slot.id, Slot.sign_language_booked)).all()
        assert dict(tuple(row) for row in counts) == {old.id: 0, taken.id: 0, new.id: 1}

    def test_a_third_request_for_two_wheelchairs_is_refused(self, site: Site, app: Flask) -> None:
        slot = add_slot(site, wheelchair_capacity=2)
        for _ in range(2):
            Visitor(app).booked(slot.id, needs={"wheelchair": True})
        refused = Visitor(app).book(slot.id, needs={"wheelchair": True})
        assert code_of(refused) == (409, "visits.wheelchairs_taken")
        Visitor(app).booked(slot.id)

    def test_a_full_slot_answers_with_the_next_open_ones_that_fit(self, site: Site, alice: Visitor) -> None:
        full = add_slot(site, capacity=2, booked=2)
        add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=1), capacity=1)
        fitting = [
            add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=hours)) for hours in range(2, 9)
        ]
        add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=20))
        answer = alice.book(full.id, 2)
        assert code_of(answer) == (409, "visits.slot_full")
        offered = answer.get_json()["params"]["alternatives"]
        assert [slot["id"] for slot in offered] == [str(slot.id) for slot in fitting[:5]]
        assert offered[0] == {
            "id": str(fitting[0].id),
            "starts_at": "2026-11-25T11:00:00+08:00",
            "ends_at": "2026-11-25T12:00:00+08:00",
            "left": 20,
        }

    @pytest.mark.parametrize(
        ("party", "code"),
        [
            ((6, 0), "visits.party_too_large"),
            ((0, 1), "visits.party_needs_adult"),
            ((1, 4), "visits.too_many_children"),
        ],
    )
    def test_a_party_against_the_policy_is_refused(
        self, site: Site, alice: Visitor, party: tuple[int, int], code: str
    ) -> None:
        assert code_of(alice.book(add_slot(site).id, *party)) == (409, code)

    def test_a_party_below_the_least_is_refused(self, site: Site, alice: Visitor) -> None:
        set_policy(site, party_min=2)
        assert code_of(alice.book(add_slot(site).id, 1)) == (409, "visits.party_too_small")


class TestMembers:
    def test_a_second_visit_on_one_day_is_refused_and_cancelling_frees_the_day(
        self, site: Site, alice: Visitor
    ) -> None:
        first, second = add_slot(site), add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=3))
        shown = alice.booked(first.id)
        refused = alice.book(second.id)
        assert code_of(refused) == (409, "visits.already_booked")
        assert refused.get_json()["params"] == {"rule": "one_visit_per_day", "number": shown["number"]}
        alice.cancel(shown["id"])
        alice.booked(second.id)

    def test_visits_to_two_sites_at_one_time_are_refused(self, site: Site, alice: Visitor) -> None:
        with atomic() as session:
            elsewhere = make_site(session)
        shown = alice.booked(add_slot(site).id)
        overlapping = add_slot(elsewhere, starts_at=WEDNESDAY_AT_NINE + timedelta(minutes=59))
        adjoining = add_slot(elsewhere, starts_at=WEDNESDAY_AT_NINE + timedelta(minutes=60))
        refused = alice.book(overlapping.id)
        assert code_of(refused) == (409, "visits.overlaps")
        assert refused.get_json()["params"] == {"number": shown["number"]}
        alice.booked(adjoining.id)

    def test_the_visits_of_a_period_are_limited(self, site: Site, alice: Visitor) -> None:
        set_policy(site, visits_limit=2, window_days=30)
        slots = [add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=days)) for days in range(3)]
        alice.booked(slots[0].id)
        alice.booked(slots[2].id)
        refused = alice.book(slots[1].id)
        assert code_of(refused) == (409, "visits.limit_reached")
        assert refused.get_json()["params"] == {"most": 2, "days": 30}

    def test_a_barred_member_is_refused_until_the_bar_ends(
        self, site: Site, alice: Visitor, clock: Clock
    ) -> None:
        slot = add_slot(site)
        with atomic() as session:
            session.add(Standing(member_id=alice.id, revision=3, barred_until=clock.now + timedelta(hours=1)))
        refused = alice.book(slot.id)
        assert code_of(refused) == (409, "visits.member_barred")
        assert refused.get_json()["params"] == {"until": "2026-11-23T11:00:00+08:00"}
        clock.advance(hours=1)
        alice.booked(slot.id)


class TestPersons:
    def test_a_site_without_real_names_keeps_none(self, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id, visitors=[ADA])
        assert (shown["contact"], shown["visitors"]) == (None, [])
        assert count(VisitorRow) == 0

    @pytest.mark.parametrize(
        ("real_name", "body", "code"),
        [
            (RealName.CONTACT, {}, "visits.contact_required"),
            (RealName.LEAD, {"contact": CONTACT}, "visits.visitors_required"),
            (RealName.ALL, {"contact": CONTACT, "visitors": [ADA]}, "visits.visitors_required"),
        ],
    )
    def test_what_a_site_asks_for_is_required(
        self, site: Site, alice: Visitor, real_name: RealName, body: dict[str, Any], code: str
    ) -> None:
        set_policy(site, real_name=real_name.value)
        assert code_of(alice.book(add_slot(site).id, 2, **body)) == (422, code)

    def test_a_document_is_never_shown_whole_nor_stored_readable(self, site: Site, alice: Visitor) -> None:
        set_policy(site, real_name=RealName.ALL.value)
        answer = alice.book(add_slot(site).id, 2, contact=CONTACT, visitors=[ADA, BOB])
        shown = answer.get_json()["visitors"]
        assert [(v["name_masked"], v["id_type"], v["id_number_masked"]) for v in shown] == [
            ("王**", "id_card", "2****************9"),
            ("A***", "passport", "G******7"),
        ]
        assert ADA["id_number"] not in answer.text

    def test_one_person_has_one_visit_per_site_and_day(
        self, site: Site, alice: Visitor, bob: Visitor
    ) -> None:
        set_policy(site, real_name=RealName.ALL.value)
        slot, later = add_slot(site), add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=4))
        first = alice.booked(slot.id, contact=CONTACT, visitors=[ADA])
        again = bob.book(later.id, contact=CONTACT, visitors=[ADA | {"id_number": "220102 19850101 0019"}])
        assert code_of(again) == (409, "visits.already_booked")
        assert again.get_json()["params"]["rule"] == "one_visit_per_person_and_day"
        assert read_slot(later).booked == 0
        alice.cancel(first["id"])
        bob.booked(later.id, contact=CONTACT, visitors=[ADA])


class TestLimits:
    def test_the_eleventh_attempt_in_a_minute_is_too_many(self, alice: Visitor) -> None:
        for _ in range(10):
            assert alice.book(new_id()).status_code == 404

        refused = alice.book(new_id())

        assert code_of(refused) == (429, "request.too_many")
        assert 1 <= int(refused.headers["Retry-After"]) <= 61

    def test_a_repeat_gets_its_answer_beyond_the_limit(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site)
        first = alice.book(slot.id, key="k-1")

        again = [alice.book(slot.id, key="k-1") for _ in range(15)]

        assert {answer.status_code for answer in again} == {201}
        assert {answer.text for answer in again} == {first.text}

    def test_one_address_books_and_holds_so_often_whoever_uses_it(
        self, app: Flask, site: Site, bob: Visitor
    ) -> None:
        app.extensions["limiter"].spare_loopback = False
        for _ in range(300):
            limits.hit("booking_address", "300/minute", "127.0.0.1")

        slot = add_slot(site)

        assert code_of(bob.book(slot.id)) == (429, "request.too_many")
        assert code_of(bob.hold(slot.id)) == (429, "request.too_many")

    def test_one_phone_books_so_often_whoever_uses_it(self, site: Site, bob: Visitor) -> None:
        for _ in range(3000):
            limits.hit("booking_phone", "3000/hour", phone_index(CONTACT["phone"]).hex())

        slot = add_slot(site)
        refused = bob.book(slot.id, contact=CONTACT)

        assert code_of(refused) == (429, "request.too_many")
        assert bob.book(slot.id, contact=CONTACT | {"phone": "13900139000"}).status_code == 201
