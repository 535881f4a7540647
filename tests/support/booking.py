"""Booking for tests: members and the requests they send, the bare command, and whether counters add up."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.kernel.idempotency import Attempt
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.visits.models import (
    ACTIVE,
    Booking,
    DayCap,
    Hold,
    HoldState,
    Slot,
    Ticket,
    TicketState,
)
from miniprogram_api.visits.rules.party import Party
from miniprogram_api.visits.schemas.bookings import show_booking
from miniprogram_api.visits.service import booking
from miniprogram_api.visits.service.booking_draft import Wish
from tests.factories.members import make_member, sign_in
from tests.support.clients import BearerClient

ALONE = Party(1, 0)
CONTACT = {"name": "张三丰", "phone": "13800138000"}


class Visitor(BearerClient):
    """A signed-in member who books."""

    def __init__(self, app: Flask, openid: str | None = None) -> None:
        self._openid = openid or f"o-{new_id()}"
        super().__init__(app, "")
        self.sign_in()

    def sign_in(self) -> None:
        """Get a new token: the clock has moved past the life of the last one."""
        with atomic() as session:
            signed_in = sign_in(session, openid=self._openid)
        self.id: UUID = signed_in.member.id
        self.token = signed_in.access_token

    def book(
        self, slot_id: Any, adults: int = 1, children: int = 0, *, key: str | None = None, **more: Any
    ) -> TestResponse:
        body = {"slot_id": str(slot_id), "party": {"adults": adults, "children": children}} | more
        return self.post("/api/v1/bookings", json=body, headers=fresh_key(key))

    def booked(self, slot_id: Any, adults: int = 1, children: int = 0, **more: Any) -> dict[str, Any]:
        """Book and have it."""
        answer = self.book(slot_id, adults, children, **more)
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    def hold(self, slot_id: Any, seats: int = 1, *, key: str | None = None) -> TestResponse:
        return self.post(
            "/api/v1/holds", json={"slot_id": str(slot_id), "seats": seats}, headers=fresh_key(key)
        )

    def held(self, slot_id: Any, seats: int = 1) -> dict[str, Any]:
        answer = self.hold(slot_id, seats)
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    def cancel(self, booking_id: Any, **body: Any) -> TestResponse:
        return self.post(f"/api/v1/bookings/{booking_id}/cancel", json=body)

    def move(self, booking_id: Any, slot_id: Any) -> TestResponse:
        return self.post(f"/api/v1/bookings/{booking_id}/reschedule", json={"slot_id": str(slot_id)})


def fresh_key(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(new_id())}


def code_of(answer: TestResponse) -> tuple[int, str]:
    """The status and code of a problem."""
    return answer.status_code, str(answer.get_json().get("code"))


def add_members(count: int) -> list[UUID]:
    with atomic() as session:
        return [make_member(session).id for _ in range(count)]


def wish(slot: Slot, member_id: UUID, party: Party = ALONE, hold_id: UUID | None = None) -> Wish:
    actor = Actor(kind="member", id=str(member_id))
    return Wish(
        slot_id=slot.id,
        member_id=member_id,
        party=party,
        contact=None,
        persons=(),
        actor=actor,
        hold_id=hold_id,
    )


def trying(wanted: Wish, attempt: Attempt | None = None) -> Callable[[], str]:
    """Try to book; how it ended."""

    def run() -> str:
        try:
            booking.book_visit(wanted, attempt=attempt, show=show_booking, now=kernel_clock.now())
        except AppError as error:
            return error.code
        except IntegrityError:
            return "stored already"
        return "booked"

    return run


def reconcile() -> list[str]:
    """Every way in which counters differ from the rows they count; empty when all is well."""
    with reading() as session:
        slots = session.scalars(select(Slot).execution_options(populate_existing=True)).all()
        days = session.scalars(select(DayCap).execution_options(populate_existing=True)).all()
        booked = _sums(session.execute(_active(Booking.slot_id, Booking.seats)))
        children = _sums(session.execute(_active(Booking.slot_id, Booking.children)))
        signing = _sums(session.execute(_active(Booking.slot_id, Booking.sign_language)))
        held = _sums(
            session.execute(
                select(Hold.slot_id, func.sum(Hold.seats))
                .where(Hold.state == HoldState.ACTIVE)
                .group_by(Hold.slot_id)
            )
        )
        current = session.scalars(select(Ticket.booking_id).where(Ticket.state == TicketState.CURRENT)).all()
        living = session.scalars(select(Booking.id).where(Booking.status.in_(ACTIVE))).all()
    wrong = []
    by_day: Counter[Any] = Counter()
    for slot in slots:
        sums = (booked, children, signing, held)
        counted = tuple(each.get(slot.id, 0) for each in sums)
        told = (slot.booked, slot.children_booked, slot.sign_language_booked, slot.held)
        if counted != told:
            wrong.append(f"slot {slot.id}: {counted} != {told}")
        if slot.booked + slot.held > slot.capacity:
            wrong.append(f"slot {slot.id}: {slot.booked} + {slot.held} > {slot.capacity}")
        by_day[slot.site_id, slot.visit_on] += slot.booked + slot.held
    wrong += [
        f"day {day.visit_on}: {day.booked} of {day.capacity}, counted {by_day[day.site_id, day.visit_on]}"
        for day in days
        if day.booked != by_day[day.site_id, day.visit_on] or day.booked > day.capacity
    ]
    if sorted(current) != sorted(living):
        wrong.append("current tickets are not those of living bookings")
    return wrong


def _active(*columns: Any) -> Any:
    key, counted = columns
    return select(key, func.sum(counted)).where(Booking.status.in_(ACTIVE)).group_by(key)


def _sums(rows: Any) -> dict[UUID, int]:
    return {key: int(total) for key, total in rows}
