"""The conflict inbox: opened where gates let in more than a booking admits, closed by people with a note."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.errors import SiteMissing
from miniprogram_api.visits.errors.gate import ConflictAlreadyClosed
from miniprogram_api.visits.events import ConflictClosed, ConflictFound
from miniprogram_api.visits.models import ConflictState, GateConflict, OfflineScan, Scan
from miniprogram_api.visits.service import gate


def note(session: Session, scan: Scan, *, excess: int, actor: Actor, now: datetime) -> None:
    """Bring the inbox in line with what a scan comes to; nothing happens where it already is."""
    known = session.scalar(select(GateConflict).where(GateConflict.scan_id == scan.id))
    if known is None:
        if excess:
            open_conflict(session, scan, heads=excess, actor=actor, now=now)
        return
    if known.state is ConflictState.OPEN:
        if excess == 0:
            known.state, known.closed_at = ConflictState.DISSOLVED, now
            _tell_closed(session, known, actor)
        else:
            known.heads = excess
    elif excess:
        known.state, known.heads, known.opened_at = ConflictState.OPEN, excess, now
        known.closed_at = known.closed_by = known.note = None
        _tell_found(session, known, actor)


def open_conflict(session: Session, scan: Scan, *, heads: int, actor: Actor, now: datetime) -> None:
    """Put a scan of a booking into the inbox."""
    if scan.booking_id is None:
        raise AssertionError("unreachable")  # only what was shown as a booking's can be in conflict
    conflict = GateConflict(
        id=new_id(),
        scan_id=scan.id,
        site_id=scan.site_id,
        booking_id=scan.booking_id,
        heads=heads,
        state=ConflictState.OPEN,
        opened_at=now,
    )
    session.add(conflict)
    session.flush()
    _tell_found(session, conflict, actor)


def get_conflict(session: Session, conflict_id: UUID, *, principal: Principal, permission: str) -> UUID:
    """The site of a conflict within the caller's scope. Raises NotFound."""
    site_id = session.scalar(select(GateConflict.site_id).where(GateConflict.id == conflict_id))
    if site_id is None:
        raise NotFound
    try:
        gate.check_scope(session, principal, permission, site_id)
    except SiteMissing:
        raise NotFound from None
    return site_id


def close_conflict(
    session: Session, *, conflict_id: UUID, principal: Principal, note: str, actor: Actor, now: datetime
) -> UUID:
    """Settle a conflict for good; returns its site. What its scan admitted stays as it is.

    Raises NotFound, ConflictAlreadyClosed.
    """
    site_id = get_conflict(session, conflict_id, principal=principal, permission="gate.undo")
    closed = (
        update(GateConflict)
        .where(GateConflict.id == conflict_id, GateConflict.state == ConflictState.OPEN)
        .values(state=ConflictState.CLOSED, closed_at=now, closed_by=gate.scanner_of(principal), note=note)
        .returning(GateConflict.id)
        .execution_options(synchronize_session=False)
    )
    if session.scalar(closed) is None:
        raise ConflictAlreadyClosed
    conflict = session.get_one(GateConflict, conflict_id, populate_existing=True)
    _settle_for_good(session, conflict.scan_id)
    _tell_closed(session, conflict, actor, reason=note)
    return site_id


def _settle_for_good(session: Session, scan_id: UUID) -> None:
    """What a person has decided is not opened again because somebody else's admission is undone."""
    came = select(Scan.seats).where(Scan.id == scan_id).scalar_subquery()
    settled = update(OfflineScan).where(OfflineScan.scan_id == scan_id).values(heads=came)
    session.execute(settled.execution_options(synchronize_session=False))


def _tell_found(session: Session, conflict: GateConflict, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.find_conflict",
        object_type="gate_conflict",
        object_id=str(conflict.id),
        after={"scan": str(conflict.scan_id), "booking": str(conflict.booking_id), "heads": conflict.heads},
    )
    events.publish(
        session,
        ConflictFound(
            conflict_id=str(conflict.id),
            scan_id=str(conflict.scan_id),
            booking_id=str(conflict.booking_id),
            site_id=str(conflict.site_id),
            heads=conflict.heads,
        ),
    )


def _tell_closed(
    session: Session, conflict: GateConflict, actor: Actor, *, reason: str | None = None
) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.close_conflict",
        object_type="gate_conflict",
        object_id=str(conflict.id),
        before={"state": ConflictState.OPEN.value},
        after={"state": conflict.state.value},
        reason=reason,
    )
    events.publish(
        session,
        ConflictClosed(
            conflict_id=str(conflict.id),
            booking_id=str(conflict.booking_id),
            site_id=str(conflict.site_id),
            how=conflict.state.value,
        ),
    )
