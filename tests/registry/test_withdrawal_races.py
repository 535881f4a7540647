"""Members book while the withdrawal commits: whoever got in is cancelled and told, nobody gets in later."""

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import and_, select

from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import reading
from miniprogram_api.messaging.models import Message
from miniprogram_api.operations import invariants
from miniprogram_api.operations.snapshots import snapshot
from miniprogram_api.visits.models import Booking, BookingStatus, Slot
from miniprogram_api.visits.service import booking, booking_guards, booking_sql
from miniprogram_api.visits.service.booking_draft import Draft
from tests.support.booking import add_members, reconcile, trying, wish
from tests.support.races import at_once
from tests.support.withdrawing import Withdrawn, make_visited_site, statuses, withdraw

RACERS = 12

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def fresh_statements() -> Generator[None]:
    """Statements built under patched guards must not outlive the test."""
    booking_sql.forget_statements()
    yield
    booking_sql.forget_statements()


def settle() -> None:
    while events.drain():
        pass


def left_behind() -> bool:
    with snapshot() as session:
        return any(rows for it, rows in invariants.check(session) if it.code == "I8")


def slot_of(found: Withdrawn) -> Slot:
    with reading() as session:
        return session.get_one(Slot, found.slots[0])


def test_whoever_books_while_it_commits_is_cancelled_and_told(app: Flask) -> None:
    found = make_visited_site(slots=1, members=0, guests=0)
    slot, members = slot_of(found), add_members(RACERS)
    runs: list[Any] = [trying(wish(slot, member)) for member in members]

    outcomes = Counter(at_once(app, [*runs[:6], lambda: str(withdraw(found) is not None), *runs[6:]]))
    settle()

    booked = outcomes["booked"]
    assert sum(outcomes.values()) == RACERS + 1
    assert set(outcomes) <= {"booked", "True", "visits.site_not_bookable", "visits.slot_closed"}
    assert list(statuses(found).values()) == [BookingStatus.CANCELLED] * booked
    with reading() as session:
        assert len(session.scalars(select(Message)).all()) == booked
    assert reconcile() == []
    assert not left_behind()


def book_behind_its_back(found: Withdrawn, monkeypatch: pytest.MonkeyPatch) -> str:
    """Somebody has looked at the open slot; the whole withdrawal runs; then their booking is written."""
    (member,) = add_members(1)
    ran = False

    def draft_late(*args: Any) -> Draft:
        nonlocal ran
        if not ran:
            ran = True
            withdraw(found)
            settle()
        return Draft(*args)

    monkeypatch.setattr(booking, "Draft", draft_late)
    return trying(wish(slot_of(found), member))()


def test_a_booking_that_comes_too_late_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    found = make_visited_site(slots=1, members=0, guests=0)
    assert book_behind_its_back(found, monkeypatch) == "visits.site_not_bookable"
    assert statuses(found) == {}
    assert not left_behind()


@pytest.mark.usefixtures("fresh_statements")
def test_without_the_guard_it_would_be_left_behind(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: capacity is still guarded, only that the slot is open is not asked."""

    def has_seats() -> Any:
        slot = booking_guards._slot
        seats = slot.c.booked + slot.c.held + booking_guards._seats <= slot.c.capacity
        return and_(booking_guards.slot_is_there(), seats)

    found = make_visited_site(slots=1, members=0, guests=0)
    monkeypatch.setattr(booking_guards, "slot_has_room", has_seats)
    assert book_behind_its_back(found, monkeypatch) == "booked"
    with reading() as session:
        assert session.scalars(select(Booking.status)).all() == [BookingStatus.CONFIRMED]
    assert left_behind()
