"""The write of a booking: one statement on PostgreSQL, the same pieces one after another on SQLite.

A hot slot serves as many bookings a second as its row can be locked and let go, so nothing may travel
between taking the lock and committing. On PostgreSQL the whole booking is therefore one data-modifying CTE
in autocommit:

    WITH key    AS (SELECT pg_try_advisory_xact_lock(…) AS got),          -- nobody else is at work on it
         member AS (INSERT INTO visits_standings … ON CONFLICT DO UPDATE  -- the member is as they were when
                      SET revision = revision + 1 WHERE revision = :seen),  --  the rules were checked
         hold   AS (SELECT … FROM visits_holds … FOR UPDATE),             -- the hold is still good
         day    AS (SELECT … FROM visits_days … FOR UPDATE),              -- the day has room
         slot   AS (UPDATE visits_slots SET booked = booked + :seats …),  -- the slot has, and is open
         …      AS (UPDATE or INSERT … FROM slot)                         -- all that follows from it
    SELECT which of the guards passed

Each guard asks that the one before it passed, and everything else hangs on the slot: when a guard fails,
nothing is written but the member's revision, which means nothing by itself. A hold and a day are locked
before the slot and changed after it, so that neither is used up by a booking that then finds the slot full.
The conditions are checked on the rows as they are when their locks are got, not as the statement first saw
them.

Statements are built once per shape, with named parameters, so that both SQLAlchemy and the driver reuse them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    ColumnElement,
    FromClause,
    Select,
    Text,
    bindparam,
    cast,
    column,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import Model, is_sqlite
from miniprogram_api.kernel.events import DeliveryRow, EventRow
from miniprogram_api.kernel.idempotency import StoredAnswer
from miniprogram_api.visits.models import Booking, Ticket, Visitor
from miniprogram_api.visits.service.booking_guards import (
    Guard,
    Wanted,
    in_one,
    on_its_own,
    once_claimed,
    table_of,
)

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingWrite:
    """What the guards compare with, and the rows that a booking consists of, by column."""

    wanted: Wanted
    booking: Values
    ticket: Values
    event: Values
    audit: Values
    answer: Values | None
    visitors: Sequence[Values]
    deliveries: Sequence[Values]

    def groups(self) -> Iterator[tuple[str, type[Model], Sequence[Values]]]:
        """Every row to insert, in the order references need, each group with a name."""
        yield "booking", Booking, [self.booking]
        if self.visitors:
            yield "visitors", Visitor, self.visitors
        yield "ticket", Ticket, [self.ticket]
        yield "event", EventRow, [self.event]
        if self.deliveries:
            yield "deliveries", DeliveryRow, self.deliveries
        yield "audit", AuditRow, [self.audit]
        if self.answer is not None:
            yield "answer", StoredAnswer, [self.answer]


def write_booking(session: Session, work: BookingWrite) -> Guard | None:
    """Claim the places and insert the rows: None. Or do nothing and say which guard did not pass.

    After a failure on SQLite the caller rolls back; on PostgreSQL there is nothing to roll back. Raises
    IntegrityError when a unique index stands in the way.
    """
    return _write_in_steps(session, work) if is_sqlite(session) else _write_at_once(session, work)


def forget_statements() -> None:
    """Build the statements anew. For tests that switch a guard off."""
    _statement.cache_clear()
    on_its_own.cache_clear()


def _write_in_steps(session: Session, work: BookingWrite) -> Guard | None:
    connection = session.connection()
    values = work.wanted.parameters()
    for guard in work.wanted.guards():
        step = on_its_own(guard)
        if step is not None and connection.execute(step, values).first() is None:
            return guard
    for _, model, rows in work.groups():
        connection.execute(_insert(model), list(rows))
    return None


@cache
def _insert(model: type[Model]) -> Any:
    return insert(table_of(model))


def _write_at_once(session: Session, work: BookingWrite) -> Guard | None:
    values, groups = work.wanted.parameters(), []
    for name, model, rows in work.groups():
        groups.append((name, model))
        values[name] = json.dumps(rows, default=_as_text)
    statement = _statement(work.wanted.guards(), tuple(groups))
    passed = session.connection().execute(statement, values).one()._mapping
    return next((guard for guard in work.wanted.guards() if not passed[guard.value]), None)


def _as_text(value: Any) -> str:
    """A value as PostgreSQL reads it from the text of its type."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


@cache
def _statement(
    guards: tuple[Guard, ...], groups: tuple[tuple[str, type[Model]], ...]
) -> Select[*tuple[Any, ...]]:
    parts: dict[Guard, CTE] = {}
    passed: ColumnElement[bool] = true()
    for guard in guards:
        parts[guard] = in_one(guard, passed).cte(guard.value)
        passed = _has_passed(guard, parts[guard])
    report: Select[*tuple[Any, ...]] = select(
        *[_has_passed(guard, part).label(guard.value) for guard, part in parts.items()]
    )
    return report.add_cte(*_consequences(parts, groups))


def _has_passed(guard: Guard, part: CTE) -> ColumnElement[bool]:
    if guard is Guard.KEY:
        got: ColumnElement[bool] = select(part.c.got).scalar_subquery()
        return got
    return exists(select(literal(1)).select_from(part))


def _consequences(parts: dict[Guard, CTE], groups: tuple[tuple[str, type[Model]], ...]) -> Iterator[CTE]:
    slot = parts[Guard.SLOT]
    for guard in parts:
        change = once_claimed(guard, _has_passed(Guard.SLOT, slot))
        if change is not None:
            yield change.cte(f"claimed_{guard}")
    for name, model in groups:
        yield _insert_if(slot, model, name).cte(f"new_{name}")


def _insert_if(slot: FromClause, model: type[Model], name: str) -> Any:
    """All rows of a table as one JSON parameter: the driver's work grows with the number of parameters."""
    table = table_of(model)
    given = cast(bindparam(name, type_=Text()), JSON)
    columns = [column(each.name, each.type) for each in table.c]
    rows = func.json_populate_recordset(literal_column(f"NULL::{table.name}"), given).table_valued(
        *columns, name=f"{name}_row", joins_implicitly=True
    )
    source = select(*rows.c).select_from(slot)
    return insert(table).from_select([each.name for each in table.c], source, include_defaults=False)
