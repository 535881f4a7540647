"""Named visitors: freeing the day of those who do not come, and erasing what is kept of those who came."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.visits import personal
from miniprogram_api.visits.events import VisitorDataErased
from miniprogram_api.visits.models import Booking, PolicyVersion, Visitor
from miniprogram_api.visits.rules import policy as policy_rules

CONTACT_RETENTION = timedelta(days=90)
BATCH = 500

_QUIETLY = {"synchronize_session": False}
_NO_ID: dict[str, Any] = {"name_cipher": None, "id_cipher": None, "person_index": None}


def release_all(session: Session, *, booking_id: UUID) -> None:
    """Let every person of a booking book this day again."""
    _release(session, and_(Visitor.booking_id == booking_id, Visitor.active))


def release_some(session: Session, *, booking_id: UUID, chosen: Sequence[UUID], keep: int) -> None:
    """Keep so many named visitors: those chosen go first, then the last named. Raises Invalid."""
    coming = select(Visitor.id).where(Visitor.booking_id == booking_id, Visitor.active).order_by(Visitor.id)
    named = list(session.scalars(coming))
    if not set(chosen) <= set(named):
        raise Invalid(fields=[FieldError("visitor_ids", "field.invalid")])
    if len(chosen) > len(named) - keep:
        raise Invalid(fields=[FieldError("visitor_ids", "field.length")])
    staying = [visitor_id for visitor_id in named if visitor_id not in chosen][:keep]
    gone = [visitor_id for visitor_id in named if visitor_id not in staying]
    if gone:
        _release(session, Visitor.id.in_(gone))


def move_all(session: Session, *, booking_id: UUID, visit_on: date) -> None:
    """Have every person of a booking come on another day; IntegrityError when one has a visit there."""
    coming = update(Visitor).where(Visitor.booking_id == booking_id, Visitor.active)
    session.execute(coming.values(visit_on=visit_on).execution_options(**_QUIETLY))


def _release(session: Session, which: ColumnElement[bool]) -> None:
    session.execute(update(Visitor).where(which).values(active=False).execution_options(**_QUIETLY))


@dataclass(frozen=True, slots=True)
class Erased:
    """How much a round of retention erased."""

    visitors: int
    contacts: int


def erase_due(session: Session, *, now: datetime, limit: int = BATCH) -> Erased:
    """Erase documents as long after the visit as each booking's policy says, and contacts after 90 days.

    What was counted stays: parties, seats and outcomes hold nothing personal.
    """
    today = beijing_date(now)
    erased = Erased(_erase_ids(session, today, now, limit), _erase_contacts(session, today, limit))
    if erased.visitors or erased.contacts:
        counts = {"visitors": erased.visitors, "contacts": erased.contacts}
        audit.record(
            session,
            actor=SYSTEM,
            action="visits.erase_visitor_data",
            object_type="retention",
            object_id=today.isoformat(),
            after=counts,
        )
        events.publish(session, VisitorDataErased(**counts))
    return erased


def erase_of_bookings(session: Session, *, booking_ids: Sequence[UUID], now: datetime) -> None:
    """Erase names, documents and contacts of these bookings now."""
    _erase_visitors(session, Visitor.booking_id.in_(booking_ids), now)
    contacts = update(Booking).where(Booking.id.in_(booking_ids)).values(personal.NO_CONTACT)
    session.execute(contacts.execution_options(**_QUIETLY))


def _erase_ids(session: Session, today: date, now: datetime, limit: int) -> int:
    erased = 0
    for days, policy_ids in sorted(_policies_by_retention(session).items()):
        last = min(today - timedelta(days=days), today - timedelta(days=1))
        over = (
            select(Visitor.id)
            .join(Booking, Booking.id == Visitor.booking_id)
            .where(Visitor.erased_at.is_(None), Visitor.visit_on <= last, Booking.policy_id.in_(policy_ids))
            .order_by(Visitor.visit_on, Visitor.id)
            .limit(limit - erased)
        )
        due = list(session.scalars(over))
        if due:
            _erase_visitors(session, Visitor.id.in_(due), now)
        erased += len(due)
    return erased


def _policies_by_retention(session: Session) -> dict[int, list[UUID]]:
    versions: dict[int, list[UUID]] = defaultdict(list)
    for policy_id, numbers in session.execute(select(PolicyVersion.id, PolicyVersion.numbers)):
        versions[policy_rules.from_numbers(numbers).id_retention_days].append(policy_id)
    return versions


def _erase_visitors(session: Session, which: ColumnElement[bool], now: datetime) -> None:
    statement = update(Visitor).where(which, Visitor.erased_at.is_(None)).values(**_NO_ID, erased_at=now)
    session.execute(statement.execution_options(**_QUIETLY))


def _erase_contacts(session: Session, today: date, limit: int) -> int:
    over = (
        select(Booking.id)
        .where(Booking.visit_on <= today - CONTACT_RETENTION, Booking.contact_name_cipher.is_not(None))
        .order_by(Booking.visit_on)
        .limit(limit)
    )
    due = list(session.scalars(over))
    if due:
        contacts = update(Booking).where(Booking.id.in_(due)).values(personal.NO_CONTACT)
        session.execute(contacts.execution_options(**_QUIETLY))
    return len(due)
