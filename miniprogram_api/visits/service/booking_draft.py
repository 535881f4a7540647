"""A booking about to be made: its rows, and the same as a screen will show it.

Ids, codes and the signed ticket are made here and not by the database, so that the answer is complete before
anything is written, and is stored by the statement that writes the booking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.crypto import mask_id_number, mask_name, mask_phone
from miniprogram_api.kernel.idempotency import Attempt
from miniprogram_api.kernel.ids import new_id, short_code
from miniprogram_api.visits import personal, tickets
from miniprogram_api.visits.events import VisitBooked
from miniprogram_api.visits.models import BookingStatus, Channel
from miniprogram_api.visits.queries.booking_facts import BookingFacts
from miniprogram_api.visits.queries.shown import (
    BookingShown,
    ContactShown,
    SlotShown,
    TicketShown,
    VisitorShown,
)
from miniprogram_api.visits.rules.party import Contact, Party, Person, contact_to_keep, persons_to_keep
from miniprogram_api.visits.service.booking_guards import Wanted
from miniprogram_api.visits.service.booking_sql import BookingWrite
from miniprogram_api.visits.service.ticketing import ticket_row
from miniprogram_api.visits.tickets import TicketClaims

_CREATED = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who wants to come when. `member_id` is None for a booking by phone or at the window."""

    slot_id: UUID
    party: Party
    contact: Contact | None
    persons: Sequence[Person]
    member_id: UUID | None
    actor: Actor
    channel: Channel = Channel.APP
    hold_id: UUID | None = None
    override_reason: str | None = None

    @property
    def overridden(self) -> bool:
        return self.override_reason is not None


class Draft:
    """One booking for one wish under known facts. Raises ContactRequired and VisitorsRequired when made."""

    def __init__(self, wish: Wish, facts: BookingFacts, now: datetime) -> None:
        policy = facts.situation.policy
        self.wish, self.facts, self.now = wish, facts, now
        self.id = new_id()
        self.number = f"{facts.visit_on:%y%m%d}-{short_code()}"
        self.contact = contact_to_keep(wish.contact, policy)
        self.persons = [(new_id(), person) for person in persons_to_keep(wish.persons, wish.party, policy)]
        self.cancel_until = policy.cancel_until(facts.starts_at)
        self.ticket = ticket_row(
            booking_id=self.id,
            sequence=1,
            seats=wish.party.seats,
            starts_at=facts.starts_at,
            ends_at=facts.ends_at,
            policy=policy,
            now=now,
        )

    def work(self, attempt: Attempt | None, answer: dict[str, Any]) -> BookingWrite:
        """Everything that is written, the answer to the attempt included."""
        event, deliveries = events.rows_of(self._event())
        return BookingWrite(
            wanted=self._wanted(attempt),
            booking=self._booking_row(),
            ticket=self.ticket,
            visitors=[self._visitor_row(visitor_id, person) for visitor_id, person in self.persons],
            event=event,
            deliveries=deliveries,
            audit=self._audit_row(),
            answer=attempt.row_of(status=_CREATED, body=answer) if attempt else None,
        )

    def shown(self) -> BookingShown:
        """The booking as it will be read."""
        wish, facts = self.wish, self.facts
        return BookingShown(
            id=self.id,
            number=self.number,
            member_id=wish.member_id,
            status=BookingStatus.CONFIRMED,
            channel=wish.channel,
            site=facts.site,
            slot=SlotShown(facts.slot_id, facts.starts_at, facts.ends_at),
            visit_on=facts.visit_on,
            party=wish.party,
            admitted=0,
            contact=_contact_shown(self.contact),
            visitors=[_visitor_shown(visitor_id, person) for visitor_id, person in self.persons],
            cancel_free_until=facts.situation.policy.cancel_free_until(facts.starts_at),
            cancel_until=self.cancel_until,
            created_at=self.now,
            cancelled_at=None,
            cancelled_by=None,
            cancel_reason=None,
            calendar_sequence=0,
            ticket=self._ticket_shown(),
        )

    def _wanted(self, attempt: Attempt | None) -> Wanted:
        wish, facts = self.wish, self.facts
        return Wanted(
            now=self.now,
            slot_id=facts.slot_id,
            site_id=facts.site.id,
            visit_on=facts.visit_on,
            seats=wish.party.seats,
            children=wish.party.children,
            wheelchairs=wish.party.wheelchairs,
            sign_language=wish.party.sign_language,
            overridden=wish.overridden,
            capped_day=facts.has_day_cap,
            lock_number=attempt.lock_number if attempt else None,
            member_id=wish.member_id,
            revision=facts.revision,
            hold_id=wish.hold_id,
            held_before=facts.hold.seats if facts.hold else 0,
        )

    def _booking_row(self) -> dict[str, Any]:
        wish, facts, party = self.wish, self.facts, self.wish.party
        return {
            "id": self.id,
            "number": self.number,
            "member_id": wish.member_id,
            "site_id": facts.site.id,
            "slot_id": facts.slot_id,
            "policy_id": facts.policy_id,
            "channel": wish.channel,
            "overridden": wish.overridden,
            "status": BookingStatus.CONFIRMED,
            "visit_on": facts.visit_on,
            "starts_at": facts.starts_at,
            "ends_at": facts.ends_at,
            "adults": party.adults,
            "children": party.children,
            "seats": party.seats,
            "wheelchairs": party.wheelchairs,
            "sign_language": party.sign_language,
            "admitted": 0,
            **personal.seal_contact(self.contact, self.id, site_id=facts.site.id),
            "cancel_until": self.cancel_until,
            "created_at": self.now,
            "moves": 0,
            "calendar_sequence": 0,
            "revision": 0,
        }

    def _visitor_row(self, visitor_id: UUID, person: Person) -> dict[str, Any]:
        return {
            "id": visitor_id,
            "booking_id": self.id,
            "site_id": self.facts.site.id,
            "visit_on": self.facts.visit_on,
            "active": True,
            **personal.seal_person(person, visitor_id),
        }

    def _event(self) -> VisitBooked:
        wish = self.wish
        return VisitBooked(
            booking_id=str(self.id),
            member_id=str(wish.member_id) if wish.member_id else None,
            site_id=str(self.facts.site.id),
            slot_id=str(self.facts.slot_id),
            channel=wish.channel.value,
            seats=wish.party.seats,
        )

    def _audit_row(self) -> dict[str, Any]:
        wish = self.wish
        return audit.row_of(
            actor=wish.actor,
            action="visits.book",
            object_type="booking",
            object_id=str(self.id),
            after={
                "slot_id": str(self.facts.slot_id),
                "seats": wish.party.seats,
                "channel": wish.channel.value,
                "status": BookingStatus.CONFIRMED.value,
                "overridden": wish.overridden,
            },
            reason=wish.override_reason,
        )

    def _ticket_shown(self) -> TicketShown:
        ticket = self.ticket
        claims = TicketClaims(
            ticket_id=ticket["id"],
            slot_id=self.facts.slot_id,
            seats=ticket["seats"],
            valid_from=ticket["valid_from"],
            valid_until=ticket["valid_until"],
            sequence=ticket["sequence"],
        )
        return TicketShown(
            id=claims.ticket_id,
            code=tickets.issue(claims, key_id=ticket["key_id"]),
            short_code=ticket["short_code"],
            seats=claims.seats,
            valid_from=claims.valid_from,
            valid_until=claims.valid_until,
        )


def _contact_shown(contact: Contact | None) -> ContactShown | None:
    return None if contact is None else ContactShown(mask_name(contact.name), mask_phone(contact.phone))


def _visitor_shown(visitor_id: UUID, person: Person) -> VisitorShown:
    return VisitorShown(
        id=visitor_id,
        name_masked=mask_name(person.name),
        id_type=person.id_type.value,
        id_number_masked=mask_id_number(person.id_number),
    )
