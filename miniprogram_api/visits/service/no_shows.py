"""What becomes of bookings nobody came for: missed, excused, or corrected by staff who know better."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.rules import ClosureFacts
from miniprogram_api.visits.errors.gate import HeadsExceedRemaining, NotANoShow, VisitDayTaken
from miniprogram_api.visits.events import NoShowCorrected, VisitExcused, VisitMissed
from miniprogram_api.visits.models import Booking, BookingStatus, Scan, ScanResult, Slot, StrikeKind, Visitor
from miniprogram_api.visits.queries import no_shows as queries
from miniprogram_api.visits.queries.no_shows import MissedVisit
from miniprogram_api.visits.service import ending, standing
from miniprogram_api.visits.service.ending import BY_SITE, Ended
from miniprogram_api.visits.service.standing import StrikeDue

BATCH = 500
AMNESTY = "amnesty"
_QUIETLY = {"synchronize_session": False}


def mark_due(session: Session, *, now: datetime, actor: Actor, limit: int) -> int:
    """Settle the next visits whose time is over; returns how many, 0 when nothing is left to do.

    A party of which somebody came is never touched. Missed visits get a strike by their policy; where the
    site was closed or granted amnesty, the booking ends as cancelled by the site and nobody is blamed.
    """
    due = queries.lock_due(session, now=now, limit=limit)
    excuse(
        session,
        [visit.id for visit in due if visit.excused],
        was=BookingStatus.CONFIRMED,
        now=now,
        actor=actor,
    )
    missed = {visit.id: visit for visit in due if not visit.excused}
    marked = [missed[booking_id] for booking_id in _mark(session, list(missed))]
    _tell_missed(session, marked, actor)
    standing.add_strikes(
        session, [strike for visit in marked for strike in _strikes(visit)], now=now, actor=actor
    )
    return len(due)


def excuse(
    session: Session, booking_ids: Sequence[UUID], *, was: BookingStatus, now: datetime, actor: Actor
) -> list[Ended]:
    """End bookings nobody came for as cancelled by the site, with nobody to blame."""
    if not booking_ids:
        return []
    ended = ending.end_bookings(session, booking_ids, was=was, by=BY_SITE, reason=AMNESTY, now=now)
    events.publish_all(
        session,
        [VisitExcused(str(visit.id), str(visit.site_id), str(visit.slot_id)) for visit in ended],
    )
    ids = [visit.id for visit in ended]
    _record(session, ids, action="visits.excuse", steps=(was, BookingStatus.CANCELLED), actor=actor)
    return ended


def waive_for_closure(
    session: Session,
    slot_ids: Sequence[UUID],
    *,
    reason: str,
    now: datetime,
    actor: Actor,
    limit: int = BATCH,
) -> int:
    """Settle no-shows of slots whose site was closed after all as nobody's; call it until it answers 0."""
    missed = queries.list_missed(session, slot_ids, limit=limit)
    standing.waive_strikes(session, booking_ids=missed, reason=reason, now=now, actor=actor)
    return len(excuse(session, missed, was=BookingStatus.NO_SHOW, now=now, actor=actor))


def excuse_closed_time(
    session: Session, *, site_id: UUID, closure: ClosureFacts, now: datetime, actor: Actor
) -> int:
    """Blame nobody for what was to be in time that is closed after all; returns how many were marked.

    Nor for having cancelled late what would not have taken place.
    """
    cancelled = queries.late_cancellations(session, site_id, closure)
    standing.waive_strikes(
        session,
        booking_ids=cancelled,
        kind=StrikeKind.LATE_CANCEL,
        reason=closure.public_text,
        now=now,
        actor=actor,
    )
    slots = queries.begun_slots(session, site_id, closure, now=now)
    granted = update(Slot).where(Slot.id.in_(slots)).values(amnesty=True)
    session.execute(granted.execution_options(**_QUIETLY))
    total = 0
    while done := waive_for_closure(session, slots, reason=closure.public_text, now=now, actor=actor):
        total += done
    return total


def correct_no_show(
    session: Session,
    *,
    booking_id: UUID,
    came: int,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Booking:
    """Say what became of a visit marked as missed: so many came, or with 0 the site called it off.

    The strike is waived and the ban that rested on it with it. The caller has checked the booking's site.
    Raises NotFound, NotANoShow, HeadsExceedRemaining, VisitDayTaken.
    """
    booking = _lock_missed(session, booking_id)
    if came > booking.seats:
        raise HeadsExceedRemaining(remaining=booking.seats)
    if came == 0:
        ending.end_bookings(
            session, [booking_id], was=BookingStatus.NO_SHOW, by=BY_SITE, reason=reason, now=now
        )
    else:
        _admit_afterwards(session, booking, came=came, actor=actor, now=now)
    session.refresh(booking)
    # Who came after all still moved the visit late, if they did; where there was no visit, nothing counts.
    kind = StrikeKind.NO_SHOW if came else None
    standing.waive_strikes(session, booking_ids=[booking_id], kind=kind, reason=reason, now=now, actor=actor)
    audit.record(
        session,
        actor=actor,
        action="visits.correct_no_show",
        object_type="booking",
        object_id=str(booking_id),
        before={"status": BookingStatus.NO_SHOW.value},
        after={"status": booking.status.value, "admitted": booking.admitted},
        reason=reason,
    )
    events.publish(session, NoShowCorrected(str(booking_id), str(booking.site_id), booking.status.value))
    return booking


def _mark(session: Session, booking_ids: list[UUID]) -> list[UUID]:
    statement = (
        update(Booking)
        .where(Booking.id.in_(booking_ids), Booking.status == BookingStatus.CONFIRMED, Booking.admitted == 0)
        .values(status=BookingStatus.NO_SHOW, revision=Booking.revision + 1)
        .returning(Booking.id)
    )
    marked = sorted(session.scalars(statement.execution_options(**_QUIETLY)))
    freed = update(Visitor).where(Visitor.booking_id.in_(marked), Visitor.active).values(active=False)
    session.execute(freed.execution_options(**_QUIETLY))
    return marked


def _strikes(visit: MissedVisit) -> list[StrikeDue]:
    if visit.member_id is None:
        return []
    return [
        StrikeDue(
            member_id=visit.member_id,
            booking_id=visit.id,
            kind=StrikeKind.NO_SHOW,
            half_points=visit.policy.no_show_half_points,
            policy=visit.policy,
        )
    ]


def _lock_missed(session: Session, booking_id: UUID) -> Booking:
    wanted = select(Booking).where(Booking.id == booking_id).with_for_update()
    booking = session.scalar(wanted.execution_options(populate_existing=True))
    if booking is None:
        raise NotFound
    if booking.status is not BookingStatus.NO_SHOW:
        raise NotANoShow(status=booking.status.value)
    return booking


def _admit_afterwards(session: Session, booking: Booking, *, came: int, actor: Actor, now: datetime) -> None:
    booking.admitted = came
    booking.status = BookingStatus.ADMITTED if came == booking.seats else BookingStatus.PARTLY_ADMITTED
    booking.revision += 1
    try:
        session.flush()
    except IntegrityError:
        raise VisitDayTaken from None
    # Admissions are scans, whoever makes them: what the gates let in and what bookings say stay equal.
    nonce = f"correction:{new_id()}"
    session.add(
        Scan(
            id=new_id(),
            site_id=booking.site_id,
            scanner=f"{actor.kind}:{actor.id}",
            nonce=nonce,
            request_digest=sha256(nonce.encode()).digest(),
            ticket_id=None,
            booking_id=booking.id,
            result=ScanResult.OK,
            seats=came,
            admitted=came,
            remaining=booking.seats - came,
            scanned_at=booking.starts_at,
            received_at=now,
        )
    )
    session.flush()


def _tell_missed(session: Session, marked: Sequence[MissedVisit], actor: Actor) -> None:
    events.publish_all(
        session,
        [
            VisitMissed(
                booking_id=str(visit.id),
                site_id=str(visit.site_id),
                slot_id=str(visit.slot_id),
                member_id=str(visit.member_id) if visit.member_id else None,
            )
            for visit in marked
        ],
    )
    ids = [visit.id for visit in marked]
    steps = (BookingStatus.CONFIRMED, BookingStatus.NO_SHOW)
    _record(session, ids, action="visits.mark_no_show", steps=steps, actor=actor)


def _record(
    session: Session,
    booking_ids: Sequence[UUID],
    *,
    action: str,
    steps: tuple[BookingStatus, BookingStatus],
    actor: Actor,
) -> None:
    before, after = steps
    rows = [
        audit.row_of(
            actor=actor,
            action=action,
            object_type="booking",
            object_id=str(booking_id),
            before={"status": before.value},
            after={"status": after.value},
        )
        for booking_id in booking_ids
    ]
    audit.record_all(session, rows)
