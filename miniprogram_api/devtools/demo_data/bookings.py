"""About a hundred bookings of the demonstration's visitors, made and cancelled as the mini-program would."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from miniprogram_api.devtools.demo_data.visitors import VisitorCard
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.queries.access import get_site_access, list_bookable_sites
from miniprogram_api.visits.queries.shown import BookingShown
from miniprogram_api.visits.queries.slots import SlotListing, list_slots
from miniprogram_api.visits.rules.party import Party
from miniprogram_api.visits.rules.slots import Availability
from miniprogram_api.visits.service import changes
from miniprogram_api.visits.service.booking import book_visit
from miniprogram_api.visits.service.booking_draft import Wish

_EACH = 3
_TODAY = 6  # of the visitors come today, if any site still takes bookings
_TRIES = 12
_CANCELLED_EVERY = 9
_DAYS = 8
_FULL_SITE = "CC005"
_FRESH = 0  # the revision of a booking that nothing has happened to
_PARTIES = (
    Party(1, 0),
    Party(2, 0),
    Party(1, 1),
    Party(2, 1),
    Party(2, 2),
    Party(3, 2),
    Party(5, 0),
    Party(4, 1),
    Party(2, 0, wheelchairs=1),
)


@dataclass(frozen=True, slots=True)
class _Board:
    """The slots that can be booked now: today's, those to come, and the one that shall be full."""

    today: list[SlotListing]
    coming: list[SlotListing]
    full: SlotListing | None


class Bookings:
    """Visitors book one after another; the same visitors on the same day book the same."""

    def __init__(self, *, now: datetime) -> None:
        self.made = 0
        self.cancelled = 0
        self._now = now
        self._chance = random.Random(beijing_date(now).toordinal())
        self._board = _look(now)
        self._left_to_fill = self._board.full.left if self._board.full else 0
        self._coming_today = _TODAY if self._board.today else 0

    def book_for(self, card: VisitorCard, member_id: UUID) -> None:
        """A few visits of one visitor, the first of which helps to fill the slot that shall be full."""
        for wanted in range(_EACH):
            booked = self._next(card, member_id, first=wanted == 0)
            if booked is not None:
                self.made += 1
                if self.made % _CANCELLED_EVERY == 0:
                    self._cancel(booked, member_id)

    def _next(self, card: VisitorCard, member_id: UUID, *, first: bool) -> BookingShown | None:
        if first and self._board.full is not None and self._left_to_fill:
            seats = min(5, self._left_to_fill)
            children = 1 if seats > 2 else 0
            booked = self._book(card, member_id, self._board.full, Party(seats - children, children))
            if booked is not None:
                self._left_to_fill -= booked.seats
            return booked
        if first and self._coming_today:
            self._coming_today -= 1
            return self._book_one_of(card, member_id, self._board.today)
        return self._book_one_of(card, member_id, self._board.coming)

    def _book_one_of(
        self, card: VisitorCard, member_id: UUID, slots: list[SlotListing]
    ) -> BookingShown | None:
        for _ in range(_TRIES if slots else 0):
            booked = self._book(card, member_id, self._chance.choice(slots), self._chance.choice(_PARTIES))
            if booked is not None:
                return booked
        return None

    def _book(
        self, card: VisitorCard, member_id: UUID, slot: SlotListing, party: Party
    ) -> BookingShown | None:
        wish = Wish(
            slot_id=slot.id,
            party=party,
            contact=card.contact,
            persons=card.companions[: party.adults],
            member_id=member_id,
            actor=Actor(kind="member", id=str(member_id)),
        )
        try:
            return book_visit(wish, attempt=None, show=lambda _: {}, now=self._now).booking
        except AppError:  # one visit a day, overlapping visits, too many children: the next slot will do
            return None

    def _cancel(self, booked: BookingShown, member_id: UUID) -> None:
        if self._now >= booked.cancel_free_until or self._is_in_full_slot(booked):
            return
        with atomic() as session:
            changes.cancel_own_visit(
                session,
                booking_id=booked.id,
                member_id=member_id,
                seen=_FRESH,
                leaving=None,
                reason="行程有变",
                actor=Actor(kind="member", id=str(member_id)),
                now=self._now,
            )
        self.cancelled += 1

    def _is_in_full_slot(self, booked: BookingShown) -> bool:
        return self._board.full is not None and booked.slot.id == self._board.full.id


def _look(now: datetime) -> _Board:
    today = beijing_date(now)
    with reading() as session:
        full_site = session.scalar(select(Site.id).where(Site.code == _FULL_SITE))
        slots = [
            slot
            for site_id in list_bookable_sites(session)
            for slot in list_slots(
                session,
                site_id=site_id,
                first=today,
                last=today + timedelta(days=_DAYS),
                access=get_site_access(session, site_id, now=now).access,
                now=now,
            )
            if slot.state is Availability.OPEN
        ]
    coming = [slot for slot in slots if slot.visit_on > today]
    full = _first_after(coming, full_site, today + timedelta(days=1))
    return _Board(
        today=[slot for slot in slots if slot.visit_on == today],
        coming=[slot for slot in coming if slot is not full],
        full=full,
    )


def _first_after(slots: Iterable[SlotListing], site_id: UUID | None, on: date) -> SlotListing | None:
    """The third slot of the site's first day from then on: neither the earliest nor the last of its day."""
    days: dict[date, list[SlotListing]] = {}
    for slot in slots:
        if slot.site_id == site_id and slot.visit_on > on:
            days.setdefault(slot.visit_on, []).append(slot)
    return next((day[2] for day in days.values() if len(day) > 2), None)
