"""The conflict inbox of a site: who was let in beyond what a booking admits, and who had come before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import Session, aliased

from miniprogram_api.identity.service import devices
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.paging import Page, page_rows
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.visits import personal
from miniprogram_api.visits.models import Booking, ConflictState, GateConflict, Scan, ScanResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictShown:
    """A conflict as a site's staff see it; `first_*` is the admission that it lost against."""

    id: UUID
    state: ConflictState
    heads: int
    opened_at: datetime
    scanned_at: datetime
    received_at: datetime
    gate: str
    result: ScanResult
    admitted_now: int
    first_at: datetime | None
    first_gate: str | None
    booking_id: UUID
    booking_number: str
    seats: int
    admitted: int
    starts_at: datetime
    ends_at: datetime
    name_masked: str | None
    closed_at: datetime | None
    closed_by: str | None
    note: str | None


def find_state(name: str) -> ConflictState | None:
    """The state of that name; None for a name of none, which stands for all."""
    return ConflictState(name) if name in {state.value for state in ConflictState} else None


def find_open_conflict(session: Session, scan_id: UUID) -> UUID | None:
    """The conflict that a scan is in, as long as nobody has settled it."""
    return session.scalar(
        select(GateConflict.id).where(
            GateConflict.scan_id == scan_id, GateConflict.state == ConflictState.OPEN
        )
    )


def count_open_by_site(session: Session, principal: Principal) -> list[tuple[UUID, str, int]]:
    """The sites of the caller's where conflicts wait for somebody, by id and name, and how many."""
    facts = site_queries.site_facts()
    waiting = (
        select(facts.c.id, facts.c.name, func.count())
        .join(GateConflict, GateConflict.site_id == facts.c.id)
        .where(GateConflict.state == ConflictState.OPEN)
        .where(GateConflict.site_id.in_(site_queries.sites_within(principal, "gate.undo")))
        .group_by(facts.c.id, facts.c.name)
        .order_by(facts.c.name, facts.c.id)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(waiting)]


def get_conflict(session: Session, conflict_id: UUID) -> ConflictShown:
    """A conflict that is known to exist."""
    row = session.execute(_shown().where(GateConflict.id == conflict_id)).one()
    return _all_seen(session, [row])[0]


def list_conflicts(
    session: Session,
    *,
    site_id: UUID,
    state: ConflictState | None,
    limit: int,
    cursor: str | None,
) -> Page[ConflictShown]:
    """A page of a site's conflicts, the latest first; all of them, or those in one state."""
    statement = _shown().where(GateConflict.site_id == site_id)
    if state is not None:
        statement = statement.where(GateConflict.state == state)
    order = (GateConflict.opened_at, GateConflict.id)
    found = page_rows(session, statement, order, limit=limit, cursor=cursor, descending=True)
    return Page(_all_seen(session, found.items), found.next_cursor)


def _shown() -> Any:
    first = aliased(Scan)
    standing = and_(first.result == ScanResult.OK, first.annulled_at.is_(None))
    earliest = (
        select(first.id)
        .where(first.booking_id == GateConflict.booking_id, first.id != GateConflict.scan_id, standing)
        .order_by(first.scanned_at, first.id)
        .limit(1)
        .scalar_subquery()
    )
    winner = aliased(Scan, name="winner")
    return (
        select(
            GateConflict, Scan, Booking, winner.scanned_at.label("first_at"), winner.scanner.label("first")
        )
        .join(Scan, Scan.id == GateConflict.scan_id)
        .join(Booking, Booking.id == GateConflict.booking_id)
        .outerjoin(winner, winner.id == earliest)
    )


def _all_seen(session: Session, rows: Sequence[Row[Any]]) -> list[ConflictShown]:
    named = {name for row in rows for name in (row.Scan.scanner, row.first, row.GateConflict.closed_by)}
    names = devices.names_of(session, named - {None})
    return [_seen(row, names) for row in rows]


def _seen(row: Row[Any], names: dict[str, str]) -> ConflictShown:
    conflict, scan, booking = row.GateConflict, row.Scan, row.Booking
    name, _phone = personal.masked_contact(
        booking.id, name_cipher=booking.contact_name_cipher, phone_cipher=booking.contact_phone_cipher
    )
    return ConflictShown(
        id=conflict.id,
        state=conflict.state,
        heads=conflict.heads,
        opened_at=conflict.opened_at,
        scanned_at=scan.scanned_at,
        received_at=scan.received_at,
        gate=names.get(scan.scanner, scan.scanner),
        result=scan.result,
        admitted_now=scan.seats,
        first_at=row.first_at,
        first_gate=names.get(row.first, row.first),
        booking_id=booking.id,
        booking_number=booking.number,
        seats=booking.seats,
        admitted=booking.admitted,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        name_masked=name,
        closed_at=conflict.closed_at,
        closed_by=names.get(conflict.closed_by, conflict.closed_by),
        note=conflict.note,
    )
