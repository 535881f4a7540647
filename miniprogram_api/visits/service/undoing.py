"""Taking an admission back within minutes: the scan stays, annulled, and the ticket admits again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.sites.errors import SiteMissing
from miniprogram_api.visits.errors.gate import ScanAlreadyUndone, ScanNotAdmitting, UndoTooLate
from miniprogram_api.visits.events import ScanUndone
from miniprogram_api.visits.models import Booking, BookingStatus, Channel, Scan, ScanResult
from miniprogram_api.visits.queries import gate as queries
from miniprogram_api.visits.queries.gate import BookingAtGate
from miniprogram_api.visits.rules import gate as rules
from miniprogram_api.visits.rules.gate import UNDO_WINDOW
from miniprogram_api.visits.service import ending, offline
from miniprogram_api.visits.service.ending import BY_SITE
from miniprogram_api.visits.service.gate import ScanAnswer, check_scope, scanner_of


def undo_scan(
    session: Session, *, scan_id: UUID, principal: Principal, reason: str, actor: Actor, now: datetime
) -> ScanAnswer:
    """Annul an admission. The seats of a walk-in are free again.

    Raises NotFound, ScanNotAdmitting, ScanAlreadyUndone, UndoTooLate.
    """
    scan = _get_scan(session, scan_id, principal)
    if scan.booking_id is None:
        raise ScanNotAdmitting
    # Gates that send in what they did without a network lock the booking first, and settle its scans anew.
    session.execute(select(Booking.id).where(Booking.id == scan.booking_id).with_for_update())
    session.refresh(scan)
    if scan.result is not ScanResult.OK:
        raise ScanNotAdmitting
    if not rules.can_be_undone(received_at=scan.received_at, now=now):
        raise UndoTooLate(minutes=int(UNDO_WINDOW.total_seconds()) // 60)
    _annul(session, scan, reason=reason, by=scanner_of(principal), now=now)
    booking = _take_back(session, scan)
    if booking.channel is Channel.WALK_IN and booking.admitted == 0:
        ending.end_bookings(
            session, [booking.id], was=BookingStatus.CONFIRMED, by=BY_SITE, reason=reason, now=now
        )
    _tell_undone(session, scan, booking, reason=reason, actor=actor)
    # Whom the gates took for a second time may now be the first.
    offline.settle(session, booking.id, actor=actor, now=now)
    booking = queries.get_booking(session, booking.id)
    return ScanAnswer(
        id=scan.id,
        result=scan.result,
        booking=booking,
        seats=0,
        admitted=booking.admitted,
        remaining=booking.seats - booking.admitted,
    )


def _get_scan(session: Session, scan_id: UUID, principal: Principal) -> Scan:
    scan = session.get(Scan, scan_id)
    if scan is None:
        raise NotFound
    try:
        check_scope(session, principal, "gate.undo", scan.site_id)
    except SiteMissing:
        raise NotFound from None
    return scan


def _annul(session: Session, scan: Scan, *, reason: str, by: str, now: datetime) -> None:
    statement = (
        update(Scan)
        .where(Scan.id == scan.id, Scan.annulled_at.is_(None))
        .values(annulled_at=now, annulled_by=by, annul_reason=reason)
        .returning(Scan.id)
        .execution_options(synchronize_session=False)
    )
    if session.scalar(statement) is None:
        raise ScanAlreadyUndone


def _take_back(session: Session, scan: Scan) -> BookingAtGate:
    left = Booking.admitted - scan.seats
    statement = (
        update(Booking)
        .where(
            Booking.id == scan.booking_id,
            Booking.status.in_((BookingStatus.ADMITTED, BookingStatus.PARTLY_ADMITTED)),
            Booking.admitted >= scan.seats,
        )
        .values(
            admitted=left,
            status=case((left == 0, BookingStatus.CONFIRMED), else_=BookingStatus.PARTLY_ADMITTED),
            revision=Booking.revision + 1,
        )
        .returning(Booking.id)
        .execution_options(synchronize_session=False)
    )
    booking_id = session.scalar(statement)
    if booking_id is None:
        raise ScanNotAdmitting
    return queries.get_booking(session, booking_id)


def _tell_undone(session: Session, scan: Scan, booking: BookingAtGate, *, reason: str, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.undo_admission",
        object_type="booking",
        object_id=str(booking.id),
        before={"admitted": booking.admitted + scan.seats},
        after={"admitted": booking.admitted, "scan": str(scan.id)},
        reason=reason,
    )
    events.publish(
        session,
        ScanUndone(
            scan_id=str(scan.id),
            booking_id=str(booking.id),
            site_id=str(scan.site_id),
            seats=scan.seats,
            admitted=booking.admitted,
        ),
    )
