"""A small world in which everything that can happen to a booking has happened once, over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import audit
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.visits.jobs_gate import mark_no_shows
from miniprogram_api.visits.models import Booking, BookingStatus, DayCap, Slot
from tests.conftest import Clock
from tests.factories.gate import Gate
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import CONTACT, Visitor


@dataclass(frozen=True, slots=True)
class World:
    """The ids of what is there. `confirmed` is for the day after the others' visits."""

    site: UUID
    other_site: UUID
    slot: UUID
    later_slot: UUID
    confirmed: UUID
    admitted: UUID
    cancelled: UUID
    missed: UUID
    member: UUID


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    site, other_site, slots = _places()
    members = [Visitor(app) for _ in range(7)]
    admitted, cancelled, missed, moved, shrunk, undone, confirmed = (
        _book(member, slot, number) for number, (member, slot) in enumerate(zip(members, slots, strict=True))
    )
    assert members[1].cancel(cancelled["id"]).status_code == 200
    assert members[3].move(moved["id"], slots[-1]).status_code == 200
    assert members[4].cancel(shrunk["id"], seats=1).status_code == 200
    members[0].held(slots[-1])
    code, spoiled = (
        member.get(f"/api/v1/bookings/{booking['id']}/ticket").get_json()["code"]
        for member, booking in ((members[0], admitted), (members[5], undone))
    )
    clock.set(WEDNESDAY_AT_NINE)
    gate = Gate(app, site)
    assert gate.scan(code, seats=1)["result"] == gate.scan(code)["result"] == "ok"
    assert gate.scan(code)["result"] == "already_used"
    assert gate.undo(gate.scan(spoiled)["id"]).status_code == 200
    for undo in (False, True):
        walk_in = gate.send("walk-ins", slot_id=str(slots[0]), party={"adults": 2})
        assert walk_in.status_code == 201, walk_in.text
        assert not undo or gate.undo(walk_in.get_json()["id"]).status_code == 200
    clock.advance(hours=2)
    mark_no_shows()
    signed_in(Role.SITE_MANAGER, site_id=site)
    audit.seal_audit()
    return World(
        site=site,
        other_site=other_site,
        slot=slots[0],
        later_slot=slots[-1],
        confirmed=UUID(confirmed["id"]),
        admitted=UUID(admitted["id"]),
        cancelled=UUID(cancelled["id"]),
        missed=UUID(missed["id"]),
        member=members[-1].id,
    )


def _places() -> tuple[UUID, UUID, list[UUID]]:
    """Two sites, and for each of seven members a slot of the first: the last one's is a day later."""
    with atomic() as session:
        operator = make_organisation(session)
        site, other_site = make_site(session, operator_id=operator.id), make_site(session)
        policy = make_policy(session, site.id, real_name="all")
        first = make_slot(session, site.id, policy=policy, child_capacity=10, wheelchair_capacity=2)
        last = make_slot(session, site.id, policy=policy, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
        for slot in (first, last):
            session.add(DayCap(site_id=site.id, visit_on=slot.visit_on, capacity=30, booked=0))
        return site.id, other_site.id, [first.id] * 6 + [last.id]


def _book(member: Visitor, slot_id: UUID, number: int) -> dict[str, str]:
    named = [
        {"name": "李四", "id_type": "passport", "id_number": f"E{number}{adult}345678"} for adult in range(2)
    ]
    return member.booked(
        slot_id, adults=2, children=1, contact=CONTACT, visitors=named, needs={"wheelchair": 0}
    )


def status_of(booking_id: UUID) -> BookingStatus:
    with reading() as session:
        return session.get_one(Booking, booking_id).status


def booked_seats(slot_id: UUID) -> int:
    with reading() as session:
        return session.scalars(select(Slot.booked).where(Slot.id == slot_id)).one()
