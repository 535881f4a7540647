"""Cancelling a visit, wholly or in part, and moving it: deadlines, seats, tickets, and what it costs."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.sites.models import Site
from miniprogram_api.visits import tickets
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    DayCap,
    Slot,
    SlotState,
    Strike,
    Ticket,
    TicketState,
)
from miniprogram_api.visits.models import (
    Visitor as VisitorRow,
)
from miniprogram_api.visits.rules.policy import RealName
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import CONTACT, Visitor, code_of

SECOND = timedelta(seconds=1)
FREE_UNTIL = beijing_time(date(2026, 11, 24), 20 * 60)
THURSDAY_AT_NINE = WEDNESDAY_AT_NINE + timedelta(days=1)
PEOPLE = [
    {"name": "王小明", "id_type": "passport", "id_number": "G1000001"},
    {"name": "李小红", "id_type": "passport", "id_number": "G1000002"},
    {"name": "赵小刚", "id_type": "passport", "id_number": "G1000003"},
]


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def alice(app: Flask, clock: Clock) -> Visitor:
    return Visitor(app, "o-alice")


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


def set_policy(site: Site, **numbers: Any) -> None:
    with atomic() as session:
        make_policy(session, site.id, **numbers)


def counters(slot: Slot) -> tuple[int, int, int]:
    with reading() as session:
        columns = (Slot.booked, Slot.children_booked, Slot.wheelchairs_booked)
        return tuple(session.execute(select(*columns).where(Slot.id == slot.id)).one())


def strikes() -> list[int]:
    with reading() as session:
        return list(session.scalars(select(Strike.half_points)))


def events_named(name: str) -> list[dict[str, Any]]:
    with reading() as session:
        return list(session.scalars(select(EventRow.payload).where(EventRow.name == name)))


class TestCancelling:
    def test_frees_the_seats_revokes_the_ticket_and_tells_once(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site)
        shown = alice.booked(slot.id, 2, 1, needs={"wheelchair": True})
        answer = alice.cancel(shown["id"], reason="行程有变")
        assert answer.status_code == 200
        cancelled = answer.get_json()
        assert (
            cancelled["status"],
            cancelled["cancelled_by"],
            cancelled["cancel_reason"],
            cancelled["ticket"],
        ) == (
            "cancelled",
            "member",
            "行程有变",
            None,
        )
        assert counters(slot) == (0, 0, 0)
        [told] = events_named("visits.visit_cancelled")
        assert (told["booking_id"], told["by"], told["late"]) == (shown["id"], "member", False)
        with reading() as session:
            actions = list(session.scalars(select(AuditRow.action).where(AuditRow.object_id == shown["id"])))
        assert sorted(actions) == ["visits.book", "visits.cancel"]

    def test_is_possible_without_a_body(self, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id)
        assert alice.post(f"/api/v1/bookings/{shown['id']}/cancel").status_code == 200

    def test_a_second_time_is_refused(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site)
        shown = alice.booked(slot.id)
        alice.cancel(shown["id"])
        assert code_of(alice.cancel(shown["id"])) == (409, "visits.booking_not_active")
        assert counters(slot) == (0, 0, 0)

    def test_returns_the_seats_of_a_capped_day(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site)
        with atomic() as session:
            session.add(DayCap(site_id=site.id, visit_on=slot.visit_on, capacity=5, booked=0))
        alice.cancel(alice.booked(slot.id, 4)["id"])
        with reading() as session:
            assert session.get_one(DayCap, (site.id, slot.visit_on)).booked == 0

    @pytest.mark.parametrize(
        ("when", "status", "struck"),
        [
            (FREE_UNTIL - SECOND, 200, []),
            (FREE_UNTIL, 200, [1]),
            (WEDNESDAY_AT_NINE - SECOND, 200, [1]),
            (WEDNESDAY_AT_NINE, 409, []),
        ],
    )
    def test_is_free_until_the_evening_before_then_costs_half_a_strike_until_the_start(
        self, site: Site, alice: Visitor, clock: Clock, when: Any, status: int, struck: list[int]
    ) -> None:
        shown = alice.booked(add_slot(site).id)
        clock.set(when)
        alice.sign_in()
        answer = alice.cancel(shown["id"])
        assert answer.status_code == status
        assert strikes() == struck
        if status == 409:
            assert code_of(answer) == (409, "visits.cancel_too_late")
            assert answer.get_json()["params"] == {"cancel_until": shown["cancel_until"]}

    def test_a_site_may_refuse_late_cancellations(self, site: Site, alice: Visitor, clock: Clock) -> None:
        set_policy(site, cancel_free_minutes_before=24 * 60, cancel_last_minutes_before=24 * 60)
        shown = alice.booked(add_slot(site).id)
        clock.set(WEDNESDAY_AT_NINE - timedelta(hours=24))
        alice.sign_in()
        assert code_of(alice.cancel(shown["id"])) == (409, "visits.cancel_too_late")

    def test_keeps_the_policy_the_booking_was_made_under(
        self, site: Site, alice: Visitor, clock: Clock
    ) -> None:
        shown = alice.booked(add_slot(site).id)
        set_policy(site, cancel_last_minutes_before=2 * 24 * 60)
        clock.set(FREE_UNTIL - SECOND)
        alice.sign_in()
        assert alice.cancel(shown["id"]).status_code == 200

    def test_a_site_may_count_every_cancellation(self, site: Site, alice: Visitor) -> None:
        set_policy(site, cancel_half_points=2)
        alice.cancel(alice.booked(add_slot(site).id)["id"])
        assert strikes() == [2]

    def test_a_site_may_limit_how_often_one_cancels(self, site: Site, alice: Visitor) -> None:
        set_policy(site, cancels_per_day=1, cancels_per_week=1)
        first, second = add_slot(site), add_slot(site, starts_at=THURSDAY_AT_NINE)
        alice.cancel(alice.booked(first.id)["id"])
        refused = alice.cancel(alice.booked(second.id)["id"])
        assert code_of(refused) == (409, "visits.cancel_limit_reached")


class TestCancellingPart:
    def test_two_of_five_frees_two_and_the_three_have_a_new_ticket(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site)
        shown = alice.booked(slot.id, 3, 2)
        answer = alice.cancel(shown["id"], seats=2)
        assert answer.status_code == 200
        left = answer.get_json()
        assert (left["status"], left["seats"], left["party"]) == (
            "confirmed",
            3,
            {"adults": 3, "children": 0},
        )
        assert counters(slot) == (3, 0, 0)
        claims = tickets.verify(left["ticket"]["code"])
        assert (claims.seats, claims.sequence) == (3, 2)
        with reading() as session:
            states = list(session.scalars(select(Ticket.state).order_by(Ticket.sequence)))
        assert states == [TicketState.REVOKED, TicketState.CURRENT]
        assert events_named("visits.visit_changed")[0]["seats_before"] == 5

    def test_who_drops_out_can_be_said(self, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id, 2, 2)
        assert alice.cancel(shown["id"], adults=1).get_json()["party"] == {"adults": 1, "children": 2}

    def test_children_do_not_stay_alone(self, site: Site, alice: Visitor) -> None:
        slot = add_slot(site)
        shown = alice.booked(slot.id, 1, 2)
        assert code_of(alice.cancel(shown["id"], adults=1)) == (409, "visits.party_needs_adult")
        assert counters(slot) == (3, 2, 0)

    def test_all_seats_cancel_the_booking(self, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id, 2)
        assert alice.cancel(shown["id"], seats=2).get_json()["status"] == "cancelled"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"seats": 3}, "seats"),
            ({"seats": 0}, "seats"),
            ({"seats": -1}, "seats"),
            ({"adults": 3}, "adults"),
            ({"children": 1}, "children"),
            ({"seats": 1, "adults": 1}, "seats"),
            ({"visitor_ids": ["nobody"], "seats": 1}, "visitor_ids"),
            ({"reason": "x" * 201}, "reason"),
        ],
    )
    def test_what_makes_no_sense_is_refused_by_name(
        self, site: Site, alice: Visitor, body: dict[str, Any], field: str
    ) -> None:
        slot = add_slot(site)
        shown = alice.booked(slot.id, 2)
        answer = alice.cancel(shown["id"], **body)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.get_json()["errors"]] == [field]
        assert counters(slot) == (2, 0, 0)

    def test_the_named_visitors_who_stay_can_be_chosen(self, site: Site, alice: Visitor, app: Flask) -> None:
        set_policy(site, real_name=RealName.ALL.value)
        slot, later = add_slot(site), add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=4))
        shown = alice.booked(slot.id, 3, contact=CONTACT, visitors=PEOPLE)
        first, *rest = [visitor["id"] for visitor in shown["visitors"]]
        left = alice.cancel(shown["id"], seats=1, visitor_ids=[first]).get_json()
        assert [visitor["id"] for visitor in left["visitors"]] == rest
        Visitor(app).booked(later.id, contact=CONTACT, visitors=PEOPLE[:1])
        left = alice.cancel(shown["id"], seats=1).get_json()
        assert [visitor["id"] for visitor in left["visitors"]] == rest[:1]


class TestMoving:
    def test_moves_seats_ticket_and_times(self, site: Site, alice: Visitor) -> None:
        old, new = add_slot(site), add_slot(site, starts_at=THURSDAY_AT_NINE)
        shown = alice.booked(old.id, 2, 1, needs={"wheelchair": True})
        answer = alice.move(shown["id"], new.id)
        assert answer.status_code == 200
        moved = answer.get_json()
        assert (moved["id"], moved["number"], moved["status"]) == (shown["id"], shown["number"], "confirmed")
        assert moved["slot"]["id"] == str(new.id)
        assert moved["visit_on"] == "2026-11-26"
        assert moved["cancel_until"] == "2026-11-26T09:00:00+08:00"
        assert (counters(old), counters(new)) == ((0, 0, 0), (3, 1, 1))
        claims = tickets.verify(moved["ticket"]["code"])
        assert (claims.slot_id, claims.sequence) == (new.id, 2)
        assert moved["ticket"]["code"] != shown["ticket"]["code"]
        assert events_named("visits.visit_rescheduled")[0]["slot_id_before"] == str(old.id)

    def test_a_full_target_leaves_the_booking_untouched(self, site: Site, alice: Visitor) -> None:
        old, full = add_slot(site), add_slot(site, starts_at=THURSDAY_AT_NINE, capacity=2, booked=1)
        roomy = add_slot(site, starts_at=THURSDAY_AT_NINE + timedelta(hours=2))
        shown = alice.booked(old.id, 2)
        refused = alice.move(shown["id"], full.id)
        assert code_of(refused) == (409, "visits.slot_full")
        assert str(roomy.id) in [slot["id"] for slot in refused.get_json()["params"]["alternatives"]]
        assert alice.get(f"/api/v1/bookings/{shown['id']}").get_json() == shown
        assert (counters(old), counters(full)) == ((2, 0, 0), (1, 0, 0))

    def test_within_a_capped_day_needs_no_further_seats(self, site: Site, alice: Visitor) -> None:
        old, new = add_slot(site), add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=1))
        with atomic() as session:
            session.add(DayCap(site_id=site.id, visit_on=old.visit_on, capacity=3, booked=0))
        shown = alice.booked(old.id, 3)
        assert alice.move(shown["id"], new.id).status_code == 200
        with reading() as session:
            assert session.get_one(DayCap, (site.id, old.visit_on)).booked == 3

    def test_a_capped_day_may_refuse(self, site: Site, alice: Visitor) -> None:
        old, new = add_slot(site), add_slot(site, starts_at=THURSDAY_AT_NINE)
        with atomic() as session:
            session.add(DayCap(site_id=site.id, visit_on=new.visit_on, capacity=3, booked=2))
        shown = alice.booked(old.id, 2)
        assert code_of(alice.move(shown["id"], new.id)) == (409, "visits.day_full")

    @pytest.mark.parametrize(
        ("target", "code"),
        [
            (
                lambda site: add_slot(site, starts_at=THURSDAY_AT_NINE, state=SlotState.CLOSED),
                "visits.slot_closed",
            ),
            (
                lambda site: add_slot(site, starts_at=THURSDAY_AT_NINE + timedelta(days=30)),
                "visits.not_released",
            ),
            (
                lambda site: add_slot(
                    site, starts_at=THURSDAY_AT_NINE, books_until=THURSDAY_AT_NINE - timedelta(days=9)
                ),
                "visits.past_cutoff",
            ),
        ],
    )
    def test_the_target_must_be_bookable(
        self, site: Site, alice: Visitor, target: Callable[[Site], Slot], code: str
    ) -> None:
        shown = alice.booked(add_slot(site).id)
        assert code_of(alice.move(shown["id"], target(site).id)) == (409, code)

    def test_to_the_same_slot_or_another_site_is_refused(self, site: Site, alice: Visitor) -> None:
        with atomic() as session:
            elsewhere = make_site(session)
        slot = add_slot(site)
        shown = alice.booked(slot.id)
        assert code_of(alice.move(shown["id"], slot.id)) == (409, "visits.same_slot")
        other = add_slot(elsewhere, starts_at=THURSDAY_AT_NINE)
        assert code_of(alice.move(shown["id"], other.id)) == (409, "visits.other_site")
        assert code_of(alice.move(shown["id"], "nothing")) == (404, "request.not_found")

    def test_to_a_day_with_another_visit_is_refused(self, site: Site, alice: Visitor) -> None:
        first, second = add_slot(site), add_slot(site, starts_at=THURSDAY_AT_NINE)
        later = add_slot(site, starts_at=THURSDAY_AT_NINE + timedelta(hours=5))
        shown = alice.booked(first.id)
        alice.booked(second.id)
        assert code_of(alice.move(shown["id"], later.id)) == (409, "visits.already_booked")

    def test_takes_the_named_visitors_along(self, site: Site, alice: Visitor, app: Flask) -> None:
        set_policy(site, real_name=RealName.ALL.value)
        old, new = add_slot(site), add_slot(site, starts_at=THURSDAY_AT_NINE)
        shown = alice.booked(old.id, contact=CONTACT, visitors=PEOPLE[:1])
        assert alice.move(shown["id"], new.id).status_code == 200
        with reading() as session:
            assert session.scalars(select(VisitorRow.visit_on)).one() == new.visit_on
        Visitor(app).booked(old.id, contact=CONTACT, visitors=PEOPLE[:1])
        third = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=4))
        assert code_of(alice.move(shown["id"], third.id)) == (409, "visits.already_booked")
        assert counters(third) == (0, 0, 0)

    def test_late_moves_cost_what_late_cancellations_cost(
        self, site: Site, alice: Visitor, clock: Clock
    ) -> None:
        old, new = add_slot(site), add_slot(site, starts_at=THURSDAY_AT_NINE)
        shown = alice.booked(old.id)
        clock.set(WEDNESDAY_AT_NINE - SECOND)
        alice.sign_in()
        assert alice.move(shown["id"], new.id).status_code == 200
        assert strikes() == [1]

    def test_after_the_start_it_is_too_late(self, site: Site, alice: Visitor, clock: Clock) -> None:
        old, new = add_slot(site), add_slot(site, starts_at=THURSDAY_AT_NINE)
        shown = alice.booked(old.id)
        clock.set(WEDNESDAY_AT_NINE)
        alice.sign_in()
        assert code_of(alice.move(shown["id"], new.id)) == (409, "visits.change_too_late")

    def test_a_site_may_limit_how_often_one_moves(self, site: Site, alice: Visitor) -> None:
        set_policy(site, changes_per_booking=1)
        slots = [add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=days)) for days in range(3)]
        shown = alice.booked(slots[0].id)
        assert alice.move(shown["id"], slots[1].id).status_code == 200
        assert code_of(alice.move(shown["id"], slots[2].id)) == (409, "visits.change_limit_reached")

    def test_a_visit_that_has_begun_is_not_moved_or_cancelled(self, site: Site, alice: Visitor) -> None:
        old, new = add_slot(site), add_slot(site, starts_at=THURSDAY_AT_NINE)
        shown = alice.booked(old.id, 2)
        with atomic() as session:
            booking = session.scalars(select(Booking)).one()
            booking.status, booking.admitted = BookingStatus.PARTLY_ADMITTED, 1
        assert code_of(alice.move(shown["id"], new.id)) == (409, "visits.booking_not_active")
        assert code_of(alice.cancel(shown["id"])) == (409, "visits.booking_not_active")
