"""What a database refuses a row by is told as a refusal, and codes that collide are drawn again."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.errors import Conflict
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.errors.bookings import (
    AlreadyBooked,
    ChildrenFull,
    DayFull,
    HoldExists,
    SlotFull,
    WheelchairsTaken,
)
from miniprogram_api.visits.models import CalendarFeed, DayCap, Hold, HoldState, Slot, Ticket
from miniprogram_api.visits.service import booking_draft, constraints
from miniprogram_api.visits.service.constraints import told_as_refusals
from tests.conftest import Clock
from tests.factories.members import make_member
from tests.factories.sites import make_site
from tests.factories.visits import LONG_AGO, WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.booking import Visitor, reconcile


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


def write(change: Callable[[Session], Any]) -> None:
    with atomic() as session, told_as_refusals():
        change(session)
        session.flush()


def test_a_second_visit_of_a_day_is_already_booked(site: Site) -> None:
    with atomic() as session:
        slot, member = make_slot(session, site.id), make_member(session)
        make_booking(session, slot, member_id=member.id)
    later = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=3))
    with pytest.raises(AlreadyBooked):
        write(lambda session: make_booking(session, session.get_one(Slot, later.id), member_id=member.id))


def test_a_second_hold_of_a_slot_exists(site: Site) -> None:
    slot = add_slot(site)
    with atomic() as session:
        member_id = make_member(session).id
    holds = [
        Hold(
            id=new_id(),
            slot_id=slot.id,
            member_id=member_id,
            seats=1,
            state=HoldState.ACTIVE,
            expires_at=WEDNESDAY_AT_NINE,
            extended=False,
            created_at=LONG_AGO,
        )
        for _ in range(2)
    ]
    with pytest.raises(HoldExists):
        write(lambda session: session.add_all(holds))


def test_a_second_feed_is_a_conflict(site: Site) -> None:
    feeds = [
        CalendarFeed(id=new_id(), site_id=site.id, token_hash=bytes([number]) * 32, created_at=LONG_AGO)
        for number in range(2)
    ]
    with pytest.raises(Conflict):
        write(lambda session: session.add_all(feeds))


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"booked": 21}, SlotFull),
        ({"held": -1}, SlotFull),
        ({"child_capacity": 1, "children_booked": 2}, ChildrenFull),
        ({"wheelchair_capacity": 1, "wheelchairs_booked": 2}, WheelchairsTaken),
    ],
)
def test_the_check_behind_the_counters_is_told_and_counted(
    site: Site, values: dict[str, int], refusal: type[SlotFull]
) -> None:
    before = constraints.OVERSELL_GUARD._value.get()
    slot = add_slot(site)
    change = update(Slot).where(Slot.id == slot.id).values(values)
    with pytest.raises(refusal) as refused:
        write(lambda session: session.execute(change))
    assert type(refused.value) is refusal
    assert constraints.OVERSELL_GUARD._value.get() == before + 1


def test_the_check_behind_a_days_cap_is_told(site: Site) -> None:
    write(
        lambda session: session.add(
            DayCap(site_id=site.id, visit_on=WEDNESDAY_AT_NINE.date(), capacity=5, booked=0)
        )
    )
    with pytest.raises(DayFull):
        write(lambda session: session.execute(update(DayCap).values(booked=6)))


def test_what_is_no_refusal_stays_an_error(site: Site) -> None:
    with atomic() as session:
        booking = make_booking(session, make_slot(session, site.id))
    twin = Ticket(id=new_id(), booking_id=booking.id)
    with pytest.raises(IntegrityError):
        write(lambda session: session.add(twin))


def test_codes_that_collide_are_drawn_again(app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    draws: Iterator[str] = iter(["AAAAAAAA", "AAAAAAAA", "AAAAAAAA", "BBBBBBBB"])
    monkeypatch.setattr(booking_draft, "short_code", lambda: next(draws))
    slot = add_slot(site)
    numbers = [Visitor(app).booked(slot.id)["number"] for _ in range(2)]
    assert numbers == ["261125-AAAAAAAA", "261125-BBBBBBBB"]
    assert reconcile() == []
