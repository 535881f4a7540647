"""The write of a scan: admission, scan row, event and audit row, together or not at all.

On PostgreSQL it is one statement, a data-modifying CTE in which every insert selects from the admission, so
that nothing is written unless somebody was let in, and the booking is locked for no longer than that. SQLite
has no such statement; there the same parts run one after the other in a write transaction.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Table,
    Update,
    Uuid,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor, AuditRow
from miniprogram_api.kernel.db import Model, is_sqlite
from miniprogram_api.kernel.events import DeliveryRow, EventRow
from miniprogram_api.visits.events import VisitAdmitted
from miniprogram_api.visits.models import Booking, BookingStatus, Scan
from miniprogram_api.visits.queries.gate import BookingAtGate


def _table(model: type[Model]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101  declared classes map tables, never joins
    return table


_Row = tuple[Table, Mapping[str, Any]]
_booking, _scan = _table(Booking), _table(Scan)
_OPEN = (BookingStatus.CONFIRMED, BookingStatus.PARTLY_ADMITTED)


def write_refusal(session: Session, scan: dict[str, Any]) -> None:
    """Note a scan that let nobody in. IntegrityError when its nonce has been used."""
    session.connection().execute(insert(_scan), scan)


def write_admission(session: Session, scan: dict[str, Any], booking: BookingAtGate, actor: Actor) -> bool:
    """Let people in as the scan row says if the booking is still as it was read; if not, False and no effect.

    IntegrityError when the nonce has been used.
    """
    event, deliveries = events.rows_of(_event(scan, booking))
    rows = [(_scan, scan), (_table(EventRow), event), (_table(AuditRow), _trail(scan, booking, actor))]
    rows += [(_table(DeliveryRow), delivery) for delivery in deliveries]
    guarded = {"booking_id": booking.id, "heads": scan["seats"], "seen_revision": booking.revision}
    write = _write_in_steps if is_sqlite(session) else _write_at_once
    done = write(session, guarded, rows)
    if done and deliveries:
        events.ring_after_commit(session)
    return done


def guards() -> tuple[ColumnElement[bool], ...]:
    """What must still be true of the booking: nothing happened to it since, and there is room for so many."""
    return (
        _booking.c.revision == bindparam("seen_revision", type_=Integer()),
        _booking.c.status.in_(_OPEN),
        _booking.c.admitted + bindparam("heads", type_=Integer()) <= _booking.c.seats,
    )


def _admit() -> Update:
    heads = bindparam("heads", type_=Integer())
    after = _booking.c.admitted + heads
    status = case((after >= _booking.c.seats, BookingStatus.ADMITTED), else_=BookingStatus.PARTLY_ADMITTED)
    return (
        update(_booking)
        .where(_booking.c.id == bindparam("booking_id", type_=Uuid()), *guards())
        .values(admitted=after, status=status, revision=_booking.c.revision + 1)
    )


def _write_in_steps(session: Session, guarded: Mapping[str, Any], rows: Sequence[_Row]) -> bool:
    connection = session.connection()
    if connection.execute(_admit(), guarded).rowcount != 1:
        return False
    for table, row in rows:
        connection.execute(insert(table), row)
    return True


def _write_at_once(session: Session, guarded: Mapping[str, Any], rows: Sequence[_Row]) -> bool:
    values = dict(guarded)
    for number, (table, row) in enumerate(rows):
        values |= {f"{number}_{column.name}": row.get(column.name) for column in table.c}
    statement = statement_for(tuple(table for table, _ in rows))
    return bool(session.connection().execute(statement, values).scalar_one())


@cache
def statement_for(tables: tuple[Table, ...]) -> Select[Any]:
    """The admission with a row for each of these tables hanging on it."""
    admitted = _admit().returning(_booking.c.id).cte("admission")
    parts = [_insert_if(admitted, table, str(number)) for number, table in enumerate(tables)]
    return select(func.count()).select_from(admitted).add_cte(*parts)


def _insert_if(admitted: CTE, table: Table, prefix: str) -> CTE:
    values = [bindparam(f"{prefix}_{column.name}", type_=column.type) for column in table.c]
    row = select(*values).select_from(admitted)
    names = [column.name for column in table.c]
    return insert(table).from_select(names, row, include_defaults=False).cte(f"new_{prefix}")


def _event(scan: dict[str, Any], booking: BookingAtGate) -> VisitAdmitted:
    return VisitAdmitted(
        scan_id=str(scan["id"]),
        booking_id=str(booking.id),
        site_id=str(booking.site_id),
        slot_id=str(booking.slot_id),
        member_id=_text(booking.member_id),
        seats=scan["seats"],
        admitted=scan["admitted"],
    )


def _trail(scan: dict[str, Any], booking: BookingAtGate, actor: Actor) -> dict[str, Any]:
    return audit.row_of(
        actor=actor,
        action="visits.admit",
        object_type="booking",
        object_id=str(booking.id),
        before={"status": booking.status.value, "admitted": booking.admitted},
        after={"admitted": scan["admitted"], "scan": str(scan["id"])},
    )


def _text(identifier: UUID | None) -> str | None:
    return None if identifier is None else str(identifier)
