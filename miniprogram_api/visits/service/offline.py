"""Scans that gates made without a network: taken in one by one, settled together by when they were made.

Each booking's offline scans are settled again whenever one more is heard of, under the booking's lock, so
that the order of upload decides nothing. Who came second is not turned away afterwards: they are inside. The
people for whom there was no place become a conflict, which the site's staff look into.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.visits.events import ScanUndone, VisitAdmitted
from miniprogram_api.visits.models import Booking, BookingStatus, OfflineScan, Scan, ScanResult
from miniprogram_api.visits.queries import conflicts as queries
from miniprogram_api.visits.queries.gate import Found
from miniprogram_api.visits.rules import gate as rules
from miniprogram_api.visits.rules import offline as settling
from miniprogram_api.visits.rules.gate import Decision
from miniprogram_api.visits.rules.offline import Claim, Outcome
from miniprogram_api.visits.service import admission, conflicts, gate
from miniprogram_api.visits.service.gate import ScanAnswer, ScanRequest


@dataclass(frozen=True, slots=True)
class OfflineAnswer:
    """What an offline scan comes to as far as is known now, and the conflict it is in."""

    scan: ScanAnswer
    conflict_id: UUID | None


def find_offline_answer(session: Session, request: ScanRequest) -> OfflineAnswer | None:
    """What became of a scan that was sent before. Raises NonceReused."""
    answer = gate.find_answer(session, request.attempt)
    if answer is None:
        return None
    return OfflineAnswer(answer, queries.find_open_conflict(session, answer.id))


def take_in(principal: Principal, request: ScanRequest, *, actor: Actor) -> OfflineAnswer:
    """Settle one scan that a gate made by itself; the same again gets its present answer and counts once.

    Raises SiteMissing, NonceReused.
    """

    def run(session: Session) -> OfflineAnswer:
        gate.check_scope(session, principal, "gate.scan", request.attempt.site_id)
        return find_offline_answer(session, request) or _take_in(session, request, actor)

    return gate.run_once(run, lambda session: find_offline_answer(session, request))


def _take_in(session: Session, request: ScanRequest, actor: Actor) -> OfflineAnswer:
    found = gate.look(session, request)
    if found is not None:
        gate.lock(session, found)
        found = gate.look(session, request)
    decision = _decide(found, request)
    row = gate.row_of(request, found, decision.result, seats=0, admitted=0, remaining=0)
    shown = found if decision.result not in (ScanResult.INVALID, ScanResult.WRONG_SITE) else None
    if shown is not None:
        row |= {"admitted": shown.admits.admitted, "remaining": shown.admits.remaining}
    admission.write_refusal(session, row)
    if shown is not None:
        heads = request.heads
        if decision.result is ScanResult.OK:
            claim = {"scan_id": row["id"], "booking_id": shown.booking.id, "heads": heads}
            session.execute(insert(OfflineScan), [claim])
            settle(session, shown.booking.id, actor=actor, now=request.received_at)
        else:
            # The gate let them in, and was wrong: somebody cancelled meanwhile, or its clock is off.
            conflicts.open_conflict(
                session,
                session.get_one(Scan, row["id"]),
                heads=heads or shown.booking.seats,
                actor=actor,
                now=request.received_at,
            )
    answer = find_offline_answer(session, request)
    if answer is None:
        raise AssertionError("unreachable")  # it has just been written
    return answer


def _decide(found: Found | None, request: ScanRequest) -> Decision:
    """What is to be said of the ticket itself; how many of the party had come is settled afterwards."""
    fresh = replace(found.admits, admitted=0) if found else None
    return rules.decide(fresh, site_id=request.attempt.site_id, heads=None, moment=request.moment)


def settle(session: Session, booking_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Give each standing offline scan of a booking what it comes to; one that is unchanged is left alone."""
    rows = _standing_claims(session, booking_id)
    if not rows:
        return
    booking = session.scalars(
        select(Booking).where(Booking.id == booking_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()
    outcomes = settling.settle(
        seats=booking.seats,
        admitted_online=booking.admitted - sum(row.Scan.seats for row in rows),
        claims=[_claim(row) for row in rows],
    )
    before = {"status": booking.status.value, "admitted": booking.admitted}
    changes = [(row.Scan, outcomes[row.Scan.id]) for row in rows]
    _admit(booking, sum(outcome.seats - scan.seats for scan, outcome in changes))
    for scan, outcome in changes:
        _apply(session, booking, scan, outcome, before=before, actor=actor)
        conflicts.note(session, scan, excess=outcome.excess, actor=actor, now=now)
    session.flush()


def _standing_claims(session: Session, booking_id: UUID) -> list[Row[Any]]:
    columns: tuple[Any, ...] = (Scan, OfflineScan.heads)
    return list(
        session.execute(
            select(*columns)
            .join(OfflineScan, OfflineScan.scan_id == Scan.id)
            .where(OfflineScan.booking_id == booking_id, Scan.annulled_at.is_(None))
            .order_by(Scan.scanned_at, Scan.scanner, Scan.nonce)
            .execution_options(populate_existing=True)
        )
    )


def _claim(row: Row[Any]) -> Claim:
    scan: Scan = row.Scan
    return Claim(scan_id=scan.id, at=scan.scanned_at, scanner=scan.scanner, nonce=scan.nonce, heads=row.heads)


def _admit(booking: Booking, more: int) -> None:
    if more == 0:
        return
    booking.admitted += more
    booking.revision += 1
    if booking.admitted == 0:
        booking.status = BookingStatus.CONFIRMED
    elif booking.admitted < booking.seats:
        booking.status = BookingStatus.PARTLY_ADMITTED
    else:
        booking.status = BookingStatus.ADMITTED


def _apply(
    session: Session,
    booking: Booking,
    scan: Scan,
    outcome: Outcome,
    *,
    before: dict[str, Any],
    actor: Actor,
) -> None:
    more = outcome.seats - scan.seats
    scan.result = ScanResult.OK if outcome.seats else ScanResult.ALREADY_USED
    scan.seats, scan.admitted, scan.remaining = outcome.seats, outcome.admitted, outcome.remaining
    if more == 0:
        return
    audit.record(
        session,
        actor=actor,
        action="visits.admit" if more > 0 else "visits.displace_admission",
        object_type="booking",
        object_id=str(booking.id),
        before=before,
        after={"admitted": booking.admitted, "scan": str(scan.id)},
    )
    events.publish(session, _told(booking, scan, more))


def _told(booking: Booking, scan: Scan, more: int) -> VisitAdmitted | ScanUndone:
    if more < 0:
        return ScanUndone(
            scan_id=str(scan.id),
            booking_id=str(booking.id),
            site_id=str(booking.site_id),
            seats=-more,
            admitted=booking.admitted,
        )
    return VisitAdmitted(
        scan_id=str(scan.id),
        booking_id=str(booking.id),
        site_id=str(booking.site_id),
        slot_id=str(booking.slot_id),
        member_id=None if booking.member_id is None else str(booking.member_id),
        seats=more,
        admitted=booking.admitted,
    )
