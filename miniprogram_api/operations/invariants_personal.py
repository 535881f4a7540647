"""The invariant of erased members: nothing that identifies them is left in any table.

Which tables speak of members is read from their columns, so that a new one is looked at by itself.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import Member
from miniprogram_api.kernel.db import Model
from miniprogram_api.kernel.idempotency import StoredAnswer
from miniprogram_api.visits.models import Booking, Visitor

_MEMBERS = "identity_members.id"
_MEMBER_PREFIX = "member:"
_OWN = "identity_members"
# What is counted, or what happened, stays without its person; whatever else names a member goes with them.
KEPT = frozenset(
    {
        "feedback_items",
        "registry_objections",
        "visits_bookings",
        "visits_holds",
        "visits_standings",
        "visits_strikes",
    }
)


def tables_of_members() -> dict[str, Table]:
    """Every table with a column that points to a member, by name."""
    return {
        table.name: table
        for table in Model.metadata.sorted_tables
        if any(key.target_fullname == _MEMBERS for column in table.c for key in column.foreign_keys)
    }


def left_of_erased(session: Session, *, shown: int) -> list[str]:
    """The ids of rows, or the places, in which something of an erased member is left."""
    return list(islice(_left(session, shown), shown))


def _left(session: Session, shown: int) -> Iterator[str]:
    for query in (_own_rows(), *_labelled(), *_gone(), _visitors(), _words()):
        yield from (str(found) for found in session.scalars(query.limit(shown)))
    yield from _answers(session)


def _own_rows() -> Select[Any]:
    return select(Member.id).where(Member.erased_at.is_not(None), _is_labelled(Member.metadata.tables[_OWN]))


def _labelled() -> Iterable[Select[Any]]:
    """Columns labelled as personal in the tables whose rows stay."""
    tables = [table for name, table in tables_of_members().items() if name in KEPT]
    return [_of_erased(table).where(_is_labelled(table)) for table in tables if _personal(table)]


def _gone() -> Iterable[Select[Any]]:
    """Rows of the tables that keep nothing of an erased member."""
    return [_of_erased(table) for name, table in tables_of_members().items() if name not in KEPT]


def _of_erased(table: Table) -> Select[Any]:
    member = Member.metadata.tables[_OWN]
    (key, *_) = table.primary_key.columns
    joined = table.join(member, table.c.member_id == member.c.id)
    return select(key).select_from(joined).where(member.c.erased_at.is_not(None))


def _personal(table: Table) -> list[Any]:
    return [column for column in table.c if "pii" in column.info]


def _is_labelled(table: Table) -> Any:
    return or_(*(column.is_not(None) for column in _personal(table)))


def _visitors() -> Select[Any]:
    return (
        select(Visitor.id)
        .join(Booking, Booking.id == Visitor.booking_id)
        .join(Member, Member.id == Booking.member_id)
        .where(Member.erased_at.is_not(None), _is_labelled(Member.metadata.tables["visits_visitors"]))
    )


def _words() -> Select[Any]:
    """What was written about a booking, which may say anything."""
    erased = Member.erased_at.is_not(None)
    written = select(Booking.id).join(Member, Member.id == Booking.member_id)
    return written.where(erased, Booking.cancel_reason.is_not(None))


def _answers(session: Session) -> Iterator[str]:
    """Answers kept for requests sent again; they hold what was answered, names included."""
    of_members = StoredAnswer.principal.like(f"{_MEMBER_PREFIX}%")
    kept = session.scalars(select(StoredAnswer.principal).where(of_members).distinct())
    owners = {UUID(principal.removeprefix(_MEMBER_PREFIX)): principal for principal in kept}
    if owners:
        erased = session.scalars(select(Member.id).where(Member.erased_at.is_not(None)))
        yield from (owners[member_id] for member_id in erased if member_id in owners)
