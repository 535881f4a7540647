"""Bookings that are there: the same answer for a repeated request, one's own lists, and tickets."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import (
    Booking,
    Slot,
    Ticket,
)
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import Visitor, code_of
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


class TestRepeatedRequests:
    def test_the_same_key_and_body_get_the_first_answer_again(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site)
        first = alice.book(slot.id, 2, key="key-1")
        again = alice.book(slot.id, 2, key="key-1")
        assert (again.status_code, again.get_json()) == (201, first.get_json())
        assert (count(Booking), read_slot(slot).booked) == (1, 2)

    def test_the_first_answer_stands_after_the_booking_was_cancelled(
        self, site: Site, alice: Visitor
    ) -> None:
        slot = add_slot(site)
        first = alice.book(slot.id, key="key-1").get_json()
        alice.cancel(first["id"])
        assert alice.book(slot.id, key="key-1").get_json() == first
        assert (count(Booking), read_slot(slot).booked) == (1, 0)

    def test_the_same_key_with_another_body_is_refused(self, site: Site, alice: Visitor) -> None:
        slot, other = add_slot(site), add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
        alice.book(slot.id, key="key-1")
        assert code_of(alice.book(slot.id, 3, key="key-1")) == (422, "idempotency.reused")
        assert code_of(alice.book(other.id, key="key-1")) == (422, "idempotency.reused")
        assert count(Booking) == 1

    def test_a_refusal_is_not_kept(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site, capacity=2, booked=2)
        assert code_of(alice.book(slot.id, key="key-1")) == (409, "visits.slot_full")
        with atomic() as session:
            session.get_one(Slot, slot.id).booked = 0
        assert alice.book(slot.id, key="key-1").status_code == 201

    def test_a_key_is_the_members_own(self, site: Site, alice: Visitor, bob: Visitor) -> None:
        slot = add_slot(site)
        assert alice.booked(slot.id, key="key-1")["id"] != bob.booked(slot.id, key="key-1")["id"]

    def test_a_key_is_required(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site)
        body = {"slot_id": str(slot.id), "party": {"adults": 1}}
        assert code_of(alice.post("/api/v1/bookings", json=body)) == (400, "idempotency.missing")


class TestOnesOwnBookings:
    def test_somebody_elses_booking_is_like_one_that_is_not_there(
        self, site: Site, alice: Visitor, bob: Visitor
    ) -> None:
        shown = alice.booked(add_slot(site).id)
        for path in ("", "/ticket", "/ticket.png", "/calendar.ics", "/phone-calendar"):
            theirs = bob.get(f"/api/v1/bookings/{shown['id']}{path}")
            nobodys = bob.get(f"/api/v1/bookings/{UUID(int=7)}{path}")
            assert theirs.status_code == nobodys.status_code == 404
            assert theirs.get_json() | {"trace_id": ""} == nobodys.get_json() | {"trace_id": ""}
        assert code_of(bob.cancel(shown["id"]))[0] == 404
        assert code_of(bob.move(shown["id"], shown["slot"]["id"]))[0] == 404

    def test_lists_tell_what_is_to_come_from_what_is_over(
        self, site: Site, alice: Visitor, clock: Clock
    ) -> None:
        days = [date(2026, 11, day) for day in (25, 26, 27)]
        ids = [alice.booked(add_slot(site, starts_at=beijing_time(day, 600)).id)["id"] for day in days]
        alice.cancel(ids[2])

        def listed(query: str = "") -> list[str]:
            return [item["id"] for item in alice.get(f"/api/v1/bookings{query}").get_json()["items"]]

        assert listed("?state=upcoming") == ids[:2]
        assert listed("?state=past") == [ids[2]]
        clock.set(beijing_time(days[0], 660))
        alice.sign_in()
        assert listed("?state=upcoming") == [ids[1]]
        assert listed("?state=past") == [ids[2], ids[0]]
        assert listed() == ids[::-1]

    def test_a_list_has_pages_and_a_constant_number_of_statements(self, site: Site, alice: Visitor) -> None:
        set_policy(site, window_days=30, visits_limit=None)
        for day in range(5):
            alice.booked(add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=day)).id)
        with statements() as few:
            first = alice.get("/api/v1/bookings?state=upcoming&limit=2").get_json()
        with statements() as many:
            rest = alice.get(
                f"/api/v1/bookings?state=upcoming&limit=4&cursor={first['next_cursor']}"
            ).get_json()
        assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 3, None)
        assert len(few) == len(many)

    def test_a_wrong_state_is_refused(self, alice: Visitor) -> None:
        assert alice.get("/api/v1/bookings?state=lost").status_code == 422


class TestTickets:
    def test_a_ticket_is_shown_as_code_and_picture(self, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id)
        ticket = alice.get(f"/api/v1/bookings/{shown['id']}/ticket")
        assert ticket.get_json() == shown["ticket"]
        picture = alice.get(f"/api/v1/bookings/{shown['id']}/ticket.png")
        assert (picture.content_type, picture.data[:4]) == ("image/png", b"\x89PNG")
        assert "no-store" in picture.headers["Cache-Control"]

    def test_a_cancelled_booking_has_no_ticket(self, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id)
        assert alice.cancel(shown["id"]).get_json()["ticket"] is None
        assert code_of(alice.get(f"/api/v1/bookings/{shown['id']}/ticket")) == (409, "visits.ticket_revoked")
        with reading() as session:
            assert [ticket.state.value for ticket in session.scalars(select(Ticket))] == ["revoked"]
