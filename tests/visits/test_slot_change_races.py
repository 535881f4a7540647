"""Taking changes back while people book: nobody's seat is sold twice, pressed at once it happens once."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, true

from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import (
    ACTIVE,
    Booking,
    BookingStatus,
    ChangedBooking,
    Outcome,
    Slot,
    SlotAct,
    SlotChange,
    Treatment,
)
from miniprogram_api.visits.rules.slot_choice import SlotChoice, Wanted
from miniprogram_api.visits.service import seats, slot_change_undo, slot_changes
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.booking import Visitor, add_members, reconcile, trying, wish
from tests.support.races import at_once, without_check

STAFF = Actor(kind="staff", id="s-1")
_DAY = WEDNESDAY_AT_NINE.date()
_SEATS, _RACERS = 4, 6


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


def book(slot: Slot, member_id: UUID, **values: Any) -> Booking:
    with atomic() as session:
        return make_booking(session, session.get_one(Slot, slot.id), member_id=member_id, **values)


@retrying
def change(
    site: Site, clock: Clock, *, change_id: UUID | None = None, treatment: Treatment = Treatment.CANCEL
) -> SlotChange:
    wanted = Wanted(
        act=SlotAct.CLOSE, reason_code="weather", public_text="大雪", treatment=treatment, rest=Treatment.KEEP
    )
    with atomic() as session:
        return slot_changes.change_slots(
            session,
            change_id=change_id or new_id(),
            site_id=site.id,
            choice=SlotChoice(first=_DAY, last=_DAY),
            wanted=wanted,
            actor=STAFF,
            now=clock.now,
        )


@retrying
def undo(site: Site, clock: Clock, change_id: UUID) -> SlotChange:
    with atomic() as session:
        return slot_change_undo.undo_change(
            session, site=session.get_one(Site, site.id), change_id=change_id, actor=STAFF, now=clock.now
        )


def outcomes(change_id: UUID) -> Counter[Outcome | None]:
    with reading() as session:
        mine = select(ChangedBooking.outcome).where(ChangedBooking.change_id == change_id)
        return Counter(session.scalars(mine))


def taken(slot: Slot) -> int:
    with reading() as session:
        mine = select(func.coalesce(func.sum(Booking.seats), 0))
        return int(session.scalar(mine.where(Booking.slot_id == slot.id, Booking.status.in_(ACTIVE))) or 0)


def drain() -> None:
    while events.drain():
        pass


def race(app: Flask, site: Site, clock: Clock) -> tuple[Slot, UUID]:
    """A full slot was closed; its change is taken back while others book the seats as they come free."""
    slot = add_slot(site, capacity=_SEATS)
    for member_id in add_members(_SEATS):
        book(slot, member_id)
    done = change(site, clock)
    bookers: list[Callable[[], Any]] = [trying(wish(slot, member)) for member in add_members(_RACERS)]

    def reopen() -> Any:
        return undo(site, clock, done.id).id

    # Slots sell again from the moment of the undo on; a batch of one lets people in between.
    at_once(app, [reopen, *bookers])
    at_once(app, [drain, *bookers])
    drain()
    return slot, done.id


class TestUndoAgainstBooking:
    @pytest.mark.parametrize("turn", range(3))
    def test_no_seat_is_sold_twice_and_none_is_lost(
        self, app: Flask, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch, turn: int
    ) -> None:
        monkeypatch.setattr(slot_change_undo, "BATCH", 1)
        slot, change_id = race(app, site, clock)
        assert taken(slot) == _SEATS
        found = outcomes(change_id)
        assert set(found) <= {Outcome.RESTORED, Outcome.FULL}
        assert sum(found.values()) == _SEATS
        assert reconcile() == []

    def test_with_the_guard_off_seats_are_sold_twice(
        self, app: Flask, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(slot_change_undo, "BATCH", 1)
        repair = "UPDATE visits_slots SET capacity = 1000"
        with without_check("visits_slots", "ck_visits_slots_seats", repair=repair):
            slot = add_slot(site, capacity=_SEATS)
            for member_id in add_members(_SEATS):
                book(slot, member_id)
            done = change(site, clock)
            undo(site, clock, done.id)
            for member in add_members(_RACERS):
                trying(wish(slot, member))()
            monkeypatch.setattr(seats, "_has_room", lambda _change: true())
            drain()
            assert taken(slot) > _SEATS

    def test_pressed_at_once_it_happens_once(self, app: Flask, site: Site, clock: Clock) -> None:
        slot = add_slot(site)
        bookings = [book(slot, member_id) for member_id in add_members(3)]
        done = change(site, clock)
        answers = at_once(app, [lambda: undo(site, clock, done.id).undone_at] * 4)
        drain()
        assert len(set(answers)) == 1
        assert outcomes(done.id) == {Outcome.RESTORED: 3}
        with reading() as session:
            found = session.scalars(select(Booking.revision).where(Booking.slot_id == slot.id)).all()
        assert found == [2] * len(bookings)
        assert reconcile() == []


class TestChangeAgainstBooking:
    def test_sent_at_once_it_happens_once(self, app: Flask, site: Site, clock: Clock) -> None:
        slot, change_id = add_slot(site), new_id()
        book(slot, add_members(1)[0])
        answers = at_once(app, [lambda: change(site, clock, change_id=change_id).id] * 4)
        assert set(answers) == {change_id}
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(SlotChange)) == 1
            assert session.scalars(select(Booking.revision)).all() == [1]

    @pytest.mark.parametrize("turn", range(3))
    def test_moving_parties_while_people_book_and_cancel_keeps_every_counter_right(
        self, app: Flask, site: Site, clock: Clock, turn: int
    ) -> None:
        old = add_slot(site, capacity=20)
        new = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1), capacity=5)
        visitors = [Visitor(app) for _ in range(6)]
        ids = [visitor.booked(old.id)["id"] for visitor in visitors]
        bookers = [trying(wish(new, member)) for member in add_members(4)]

        def move() -> str:
            try:
                return str(change(site, clock, treatment=Treatment.MOVE).id)
            except AppError as error:
                return error.code

        def cancel(visitor: Visitor, booking_id: str) -> Callable[[], Any]:
            return lambda: visitor.cancel(booking_id).status_code

        cancellers = [cancel(visitor, ids[n]) for n, visitor in enumerate(visitors[:2])]
        at_once(app, [move, *bookers, *cancellers])
        drain()
        assert taken(new) <= 5
        assert reconcile() == []
        with reading() as session:
            # Whoever found no other slot is kept, for so it was wanted.
            kept = session.scalars(select(Booking).where(Booking.slot_id == old.id)).all()
        by_member = {BookingStatus.CONFIRMED, BookingStatus.CANCELLED}
        assert {booking.status for booking in kept} <= by_member
        assert all(booking.cancelled_by in {None, "member"} for booking in kept)
