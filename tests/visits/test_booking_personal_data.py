"""Personal data of visits: shown to its member, erased on request and in time, statistics unchanged."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import personal_data
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.crypto import mask_id_number, mask_phone
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits import jobs_bookings
from miniprogram_api.visits.models import Booking, CalendarFeed, Slot
from miniprogram_api.visits.models import Visitor as VisitorRow
from miniprogram_api.visits.personal import NO_CONTACT
from miniprogram_api.visits.rules.policy import RealName
from miniprogram_api.visits.service import visitors
from miniprogram_api.visits.service.erasure import VisitsOfMember
from tests.conftest import Clock
from tests.factories.gate import Gate
from tests.factories.members import give_phone
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import CONTACT, Visitor
from tests.support.canaries import find_canaries, personal_values
from tests.support.clients import BearerClient

ADA = {"name": "王小明", "id_type": "id_card", "id_number": "220102198501010019"}
CANARIES = [CONTACT["name"], CONTACT["phone"], ADA["name"], ADA["id_number"]]


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        site = make_site(session)
        make_policy(session, site.id, real_name=RealName.ALL.value)
        return site


@pytest.fixture
def alice(app: Flask, clock: Clock) -> Visitor:
    return Visitor(app, "o-alice")


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


def personal() -> set[str | bytes]:
    """What the rows of visits hold in columns labelled as personal."""
    with reading() as session:
        rows = [*session.scalars(select(Booking)), *session.scalars(select(VisitorRow))]
        return set().union(*(personal_values(row) for row in rows)) - {"id_card"}


def figures() -> list[tuple[Any, ...]]:
    with reading() as session:
        columns = (Booking.status, Booking.seats, Booking.children, Booking.visit_on)
        return [tuple(row) for row in session.execute(select(*columns).order_by(Booking.id))]


def test_nothing_personal_is_stored_readable(site: Site, alice: Visitor) -> None:
    alice.booked(add_slot(site).id, contact=CONTACT, visitors=[ADA])
    with reading() as session:
        assert find_canaries(session, CANARIES) == set()


def test_a_member_gets_a_copy_of_everything_with_numbers_masked(site: Site, alice: Visitor) -> None:
    shown = alice.booked(add_slot(site).id, 1, 2, contact=CONTACT, visitors=[ADA])
    alice.hold(add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1)).id, 2)
    with reading() as session:
        copy = personal_data.export_member(session, alice.id)["visits"]
    [booking] = copy["bookings"]
    assert booking["number"] == shown["number"]
    assert booking["site"] == site.name
    assert booking["contact_name"] == CONTACT["name"]
    assert booking["contact_phone_masked"] == mask_phone(CONTACT["phone"])
    assert CONTACT["phone"] not in str(copy)
    [visitor] = booking["visitors"]
    assert (visitor["name"], visitor["id_type"]) == (ADA["name"], ADA["id_type"])
    assert visitor["id_number_masked"] == mask_id_number(ADA["id_number"])
    assert ADA["id_number"] not in str(copy)
    assert [hold["seats"] for hold in copy["holds"]] == [2]


class TestErasingAMember:
    def test_leaves_no_identifier_and_the_figures_of_past_visits(
        self, site: Site, alice: Visitor, clock: Clock
    ) -> None:
        alice.booked(add_slot(site).id, contact=CONTACT, visitors=[ADA])
        alice.post("/api/v1/me/calendar-feed")
        clock.advance(days=3)
        alice.sign_in()
        with atomic() as session:
            give_phone(session, alice.id)
        before = figures()
        identifiers = personal()
        assert identifiers
        with atomic() as session:
            personal_data.erase_member(session, member_id=alice.id, actor=SYSTEM, now=kernel_clock.now())
        assert personal() == set()
        assert figures() == before
        with reading() as session:
            assert find_canaries(session, [*CANARIES, *identifiers]) == set()
            assert session.scalars(select(CalendarFeed)).all() == []

    def test_cancels_what_lies_ahead_and_gives_its_seats_back(self, site: Site, alice: Visitor) -> None:
        slot, held = add_slot(site), add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
        alice.booked(slot.id, contact=CONTACT, visitors=[ADA])
        alice.held(held.id, 3)
        with atomic() as session:
            personal_data.erase_member(session, member_id=alice.id, actor=SYSTEM, now=kernel_clock.now())
        with reading() as session:
            assert [tuple(row) for row in session.execute(select(Slot.booked, Slot.held))] == [(0, 0), (0, 0)]
            booking = session.scalars(select(Booking)).one()
            assert (booking.status.value, booking.cancelled_by) == ("cancelled", "member")

    def test_happens_again_when_erasures_are_replayed(self, site: Site, alice: Visitor) -> None:
        alice.booked(add_slot(site).id, contact=CONTACT, visitors=[ADA])
        for _ in range(2):
            with atomic() as session:
                VisitsOfMember.erase(session, alice.id, kernel_clock.now())
        assert personal() == set()


class TestRetention:
    def test_documents_go_thirty_days_after_the_visit_and_the_figures_stay(
        self, site: Site, alice: Visitor, clock: Clock
    ) -> None:
        slot = add_slot(site)
        shown = alice.booked(slot.id, contact=CONTACT, visitors=[ADA])
        before = figures()
        clock.set(slot.starts_at + timedelta(days=29))
        jobs_bookings.erase_visitor_data()
        assert read_visitor().id_cipher is not None
        clock.set(slot.starts_at + timedelta(days=30))
        for _ in range(2):
            jobs_bookings.erase_visitor_data()
        row = read_visitor()
        assert (row.id_cipher, row.name_cipher, row.person_index) == (None, None, None)
        assert row.erased_at == kernel_clock.now()
        assert figures() == before
        alice.sign_in()
        [visitor] = alice.get(f"/api/v1/bookings/{shown['id']}").get_json()["visitors"]
        assert (visitor["name_masked"], visitor["id_number_masked"]) == (None, None)

    def test_a_site_may_keep_them_shorter(self, site: Site, alice: Visitor, clock: Clock) -> None:
        with atomic() as session:
            make_policy(session, site.id, real_name=RealName.ALL.value, id_retention_days=0)
        slot = add_slot(site)
        alice.booked(slot.id, contact=CONTACT, visitors=[ADA])
        clock.set(slot.starts_at + timedelta(hours=2))
        jobs_bookings.erase_visitor_data()
        assert read_visitor().id_cipher is not None
        clock.set(slot.starts_at + timedelta(days=1))
        jobs_bookings.erase_visitor_data()
        assert read_visitor().id_cipher is None

    def test_contacts_go_after_ninety_days(self, site: Site, alice: Visitor, clock: Clock) -> None:
        slot = add_slot(site)
        alice.booked(slot.id, contact=CONTACT, visitors=[ADA])
        clock.set(slot.starts_at + visitors.CONTACT_RETENTION - timedelta(days=1))
        jobs_bookings.erase_visitor_data()
        assert read_booking().contact_phone_cipher is not None
        clock.advance(days=1)
        jobs_bookings.erase_visitor_data()
        booking = read_booking()
        assert {getattr(booking, column) for column in NO_CONTACT} == {None}

    def test_works_in_batches(
        self, app: Flask, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(visitors, "BATCH", 2)
        monkeypatch.setattr(visitors.erase_due, "__kwdefaults__", {"limit": 2})
        slot = add_slot(site)
        for number in range(5):
            person = {"name": "李四", "id_type": "passport", "id_number": f"G100000{number}"}
            Visitor(app).booked(slot.id, contact=CONTACT, visitors=[person])
        clock.set(slot.starts_at + timedelta(days=120))
        jobs_bookings.erase_visitor_data()
        assert personal() == set()


def read_visitor() -> VisitorRow:
    with reading() as session:
        return session.scalars(select(VisitorRow).execution_options(populate_existing=True)).one()


def read_booking() -> Booking:
    with reading() as session:
        return session.scalars(select(Booking).execution_options(populate_existing=True)).one()


class TestWhatHappenedToABooking:
    def test_is_in_the_members_copy(self, app: Flask, site: Site, alice: Visitor, clock: Clock) -> None:
        shown = alice.booked(add_slot(site).id, contact=CONTACT, visitors=[ADA])
        alice.post("/api/v1/me/calendar-feed")
        code = alice.get(f"/api/v1/bookings/{shown['id']}/ticket").get_json()["code"]
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
        looked = manager.post(f"/api/staff/v1/bookings/{shown['id']}/reveal", json={"reason": "遗失物品"})
        assert looked.status_code == 200
        clock.set(WEDNESDAY_AT_NINE)
        assert Gate(app, site.id).scan(code)["result"] == "ok"
        with reading() as session:
            copy = personal_data.export_member(session, alice.id)["visits"]
        [booking] = copy["bookings"]
        assert [(scan["result"], scan["seats"]) for scan in booking["scans"]] == [("ok", shown["seats"])]
        assert booking["contact_shown_to_staff"] == [
            {"at": "2026-11-23T10:00:00+08:00", "reason": "遗失物品"}
        ]
        assert copy["calendar_addresses"] == [{"made_at": "2026-11-23T10:00:00+08:00", "ended_at": None}]

    def test_loses_its_words_with_the_member(self, app: Flask, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id, contact=CONTACT, visitors=[ADA])
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
        path = f"/api/staff/v1/bookings/{shown['id']}/cancel"
        assert manager.post(path, json={"reason": f"{CONTACT['name']}来电取消"}).status_code == 200
        with atomic() as session:
            personal_data.erase_member(session, member_id=alice.id, actor=SYSTEM, now=kernel_clock.now())
        # What is told of it later reaches nobody any more.
        events.drain()
        with reading() as session:
            assert find_canaries(session, [*CANARIES]) == set()
