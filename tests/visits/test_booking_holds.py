"""Holds: seats kept for ten minutes, visible when they end, and free again at that second without any job."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits import jobs_bookings
from miniprogram_api.visits.models import DayCap, Hold, HoldState, Slot
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import Visitor, code_of

SECOND = timedelta(seconds=1)
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def slot(site: Site) -> Slot:
    return add_slot(site, capacity=4)


@pytest.fixture
def alice(app: Flask, clock: Clock) -> Visitor:
    return Visitor(app, "o-alice")


@pytest.fixture
def bob(app: Flask, clock: Clock) -> Visitor:
    return Visitor(app, "o-bob")


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


def seats(slot: Slot) -> tuple[int, int]:
    with reading() as session:
        return tuple(session.execute(select(Slot.booked, Slot.held).where(Slot.id == slot.id)).one())


def states() -> list[HoldState]:
    with reading() as session:
        return list(session.scalars(select(Hold.state).order_by(Hold.id)))


class TestPlacing:
    def test_keeps_the_seats_and_says_until_when(self, slot: Slot, alice: Visitor, bob: Visitor) -> None:
        held = alice.held(slot.id, 3)
        assert held["expires_at"] == "2026-11-23T10:10:00+08:00"
        assert (held["slot_id"], held["seats"], held["extended"]) == (str(slot.id), 3, False)
        assert seats(slot) == (0, 3)
        refused = bob.book(slot.id, 2)
        assert code_of(refused) == (409, "visits.slot_full")
        assert refused.get_json()["params"]["left"] == 1

    @pytest.mark.parametrize(
        ("count", "expected"),
        [
            (0, (422, "request.invalid")),
            (-1, (422, "request.invalid")),
            (6, (409, "visits.party_too_large")),
            (5, (409, "visits.slot_full")),
        ],
    )
    def test_a_wrong_number_is_refused(
        self, slot: Slot, alice: Visitor, count: int, expected: tuple[int, str]
    ) -> None:
        assert code_of(alice.hold(slot.id, count)) == expected

    def test_a_second_one_in_a_slot_is_refused(self, slot: Slot, alice: Visitor) -> None:
        first = alice.held(slot.id)
        refused = alice.hold(slot.id)
        assert code_of(refused) == (409, "visits.hold_exists")
        assert refused.get_json()["params"]["hold_id"] == first["id"]

    def test_a_member_holds_seats_of_three_slots_at_most(
        self, site: Site, alice: Visitor, bob: Visitor, clock: Clock
    ) -> None:
        slots = [add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=n)) for n in range(1, 6)]
        first, *_ = [alice.held(slot.id)["id"] for slot in slots[:3]]
        refused = alice.hold(slots[3].id)
        assert code_of(refused) == (409, "visits.too_many_holds")
        assert refused.get_json()["params"] == {"most": 3}
        assert bob.hold(slots[3].id).status_code == 201
        alice.delete(f"/api/v1/holds/{first}")
        assert alice.hold(slots[3].id).status_code == 201
        clock.advance(minutes=10)
        assert alice.hold(slots[4].id).status_code == 201

    def test_after_one_has_run_out_another_may_be_placed(
        self, slot: Slot, alice: Visitor, clock: Clock
    ) -> None:
        alice.held(slot.id, 4)
        clock.advance(minutes=10)
        alice.held(slot.id, 4)
        assert seats(slot) == (0, 4)
        assert states() == [HoldState.EXPIRED, HoldState.ACTIVE]

    def test_repeats_its_answer_for_the_same_key(self, slot: Slot, alice: Visitor) -> None:
        first, again = alice.hold(slot.id, 2, key="key-1"), alice.hold(slot.id, 2, key="key-1")
        assert (again.status_code, again.get_json()) == (201, first.get_json())
        assert code_of(alice.hold(slot.id, 3, key="key-1")) == (422, "idempotency.reused")
        assert seats(slot) == (0, 2)

    def test_needs_a_key_and_a_slot(self, slot: Slot, alice: Visitor) -> None:
        body = {"slot_id": str(slot.id), "seats": 1}
        assert code_of(alice.post("/api/v1/holds", json=body)) == (400, "idempotency.missing")
        assert alice.hold("nothing").status_code == 404

    def test_needs_a_member_who_could_book(self, site: Site, slot: Slot, alice: Visitor) -> None:
        alice.booked(slot.id)
        later = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=3))
        assert code_of(alice.hold(later.id)) == (409, "visits.already_booked")

    def test_counts_in_a_capped_day(self, site: Site, slot: Slot, alice: Visitor, bob: Visitor) -> None:
        with atomic() as session:
            session.add(DayCap(site_id=site.id, visit_on=slot.visit_on, capacity=3, booked=0))
        held = alice.held(slot.id, 3)
        assert code_of(bob.hold(slot.id)) == (409, "visits.day_full")
        alice.booked(slot.id, 2, hold_id=held["id"])
        with reading() as session:
            assert session.get_one(DayCap, (site.id, slot.visit_on)).booked == 2


class TestEnding:
    def test_the_seats_are_free_for_others_at_the_second_without_any_job(
        self, slot: Slot, alice: Visitor, bob: Visitor, clock: Clock
    ) -> None:
        alice.held(slot.id, 4)
        clock.advance(seconds=TEN_MINUTES.total_seconds() - 1)
        assert code_of(bob.book(slot.id, 4)) == (409, "visits.slot_full")
        clock.advance(seconds=1)
        bob.booked(slot.id, 4)
        assert seats(slot) == (4, 0)

    def test_others_may_hold_and_move_to_seats_under_expired_holds(
        self, site: Site, slot: Slot, alice: Visitor, bob: Visitor, app: Flask, clock: Clock
    ) -> None:
        other = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
        shown = bob.booked(other.id, 2)
        alice.held(slot.id, 4)
        clock.advance(minutes=10)
        assert bob.move(shown["id"], slot.id).status_code == 200
        Visitor(app).held(slot.id, 2)
        assert seats(slot) == (2, 2)

    def test_the_seats_of_a_capped_day_are_free_too(
        self, site: Site, slot: Slot, alice: Visitor, bob: Visitor, clock: Clock
    ) -> None:
        later = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=3))
        with atomic() as session:
            session.add(DayCap(site_id=site.id, visit_on=slot.visit_on, capacity=3, booked=0))
        alice.held(slot.id, 3)
        assert code_of(bob.book(later.id, 3)) == (409, "visits.day_full")
        clock.advance(minutes=10)
        bob.booked(later.id, 3)

    def test_one_extension_adds_as_long_again(self, slot: Slot, alice: Visitor, clock: Clock) -> None:
        held = alice.held(slot.id)
        clock.advance(minutes=9)
        extended = alice.post(f"/api/v1/holds/{held['id']}/extend")
        assert extended.status_code == 200
        assert extended.get_json()["expires_at"] == "2026-11-23T10:20:00+08:00"
        again = alice.post(f"/api/v1/holds/{held['id']}/extend")
        assert code_of(again) == (409, "visits.hold_not_extendable")

    def test_what_has_run_out_is_not_extended(self, slot: Slot, alice: Visitor, clock: Clock) -> None:
        held = alice.held(slot.id)
        clock.advance(minutes=10)
        assert code_of(alice.post(f"/api/v1/holds/{held['id']}/extend")) == (409, "visits.hold_expired")

    def test_a_site_may_extend_none(self, site: Site, alice: Visitor) -> None:
        with atomic() as session:
            make_policy(session, site.id, hold_extensions=0, hold_minutes=5)
        held = alice.held(add_slot(site).id)
        assert held["expires_at"] == "2026-11-23T10:05:00+08:00"
        assert code_of(alice.post(f"/api/v1/holds/{held['id']}/extend")) == (
            409,
            "visits.hold_not_extendable",
        )

    def test_it_can_be_given_back_at_once_and_twice(self, slot: Slot, alice: Visitor) -> None:
        held = alice.held(slot.id, 2)
        for _ in range(2):
            assert alice.delete(f"/api/v1/holds/{held['id']}").status_code == 204
        assert seats(slot) == (0, 0)
        with reading() as session:
            trail = select(func.count()).select_from(AuditRow).where(AuditRow.object_id == held["id"])
            assert session.scalars(trail).one() == 2

    def test_somebody_elses_is_not_found(self, slot: Slot, alice: Visitor, bob: Visitor) -> None:
        held = alice.held(slot.id)
        assert bob.delete(f"/api/v1/holds/{held['id']}").status_code == 404
        assert bob.post(f"/api/v1/holds/{held['id']}/extend").status_code == 404

    def test_the_sweep_tidies_up(self, slot: Slot, alice: Visitor, clock: Clock) -> None:
        alice.held(slot.id, 3)
        jobs_bookings.clear_expired_holds()
        assert seats(slot) == (0, 3)
        clock.advance(minutes=10)
        for _ in range(2):
            jobs_bookings.clear_expired_holds()
        assert (seats(slot), states()) == ((0, 0), [HoldState.EXPIRED])


class TestBookingWithAHold:
    @pytest.mark.parametrize("adults", [1, 3, 4])
    def test_uses_its_seats_more_or_fewer(self, slot: Slot, alice: Visitor, adults: int) -> None:
        held = alice.held(slot.id, 3)
        alice.booked(slot.id, adults, hold_id=held["id"])
        assert (seats(slot), states()) == ((adults, 0), [HoldState.USED])

    def test_finds_its_seats_in_a_slot_that_is_full_for_others(
        self, slot: Slot, alice: Visitor, bob: Visitor
    ) -> None:
        held = alice.held(slot.id, 4)
        assert code_of(bob.book(slot.id)) == (409, "visits.slot_full")
        alice.booked(slot.id, 4, hold_id=held["id"])

    def test_works_until_the_second_it_ends(self, slot: Slot, alice: Visitor, clock: Clock) -> None:
        held = alice.held(slot.id, 2)
        clock.advance(seconds=TEN_MINUTES.total_seconds())
        assert code_of(alice.book(slot.id, 2, hold_id=held["id"])) == (409, "visits.hold_expired")
        clock.advance(seconds=-1)
        alice.booked(slot.id, 2, hold_id=held["id"])

    def test_that_was_used_or_given_back_is_refused(self, site: Site, slot: Slot, alice: Visitor) -> None:
        held = alice.held(slot.id, 2)
        alice.delete(f"/api/v1/holds/{held['id']}")
        assert code_of(alice.book(slot.id, 2, hold_id=held["id"])) == (409, "visits.hold_expired")

    def test_of_another_slot_or_member_is_not_found(
        self, site: Site, slot: Slot, alice: Visitor, bob: Visitor
    ) -> None:
        held = alice.held(slot.id)
        other = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
        assert alice.book(other.id, hold_id=held["id"]).status_code == 404
        assert bob.book(slot.id, hold_id=held["id"]).status_code == 404

    def test_is_not_lost_when_the_party_does_not_fit(self, slot: Slot, alice: Visitor, bob: Visitor) -> None:
        held = alice.held(slot.id, 2)
        bob.booked(slot.id, 2)
        assert code_of(alice.book(slot.id, 3, hold_id=held["id"])) == (409, "visits.slot_full")
        alice.booked(slot.id, 2, hold_id=held["id"])
        assert seats(slot) == (4, 0)
