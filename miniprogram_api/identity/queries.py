"""What the data protection officer sees: counts and deadlines, and nobody's data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from miniprogram_api.identity import consent_texts
from miniprogram_api.identity.models import Consent, ConsentPurpose, DataRequest, Erasure, RequestState
from miniprogram_api.kernel import paging
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import normalise_short_code
from miniprogram_api.kernel.paging import Page


@dataclass(frozen=True, slots=True)
class ConsentCount:
    """How many members' latest word on a purpose is this, to which text."""

    purpose: ConsentPurpose
    text_version: str
    current: bool
    granted: int
    declined: int


@dataclass(frozen=True, slots=True)
class DeskCounts:
    """What waits at the desk, and what was late."""

    open: int
    overdue: int
    erased: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt or a number stands for; `request_id` where it is a request on paper."""

    receipt: str
    kind: str
    state: str
    requested_at: datetime
    due_on: date | None
    completed_at: datetime | None
    request_id: UUID | None


_Later = aliased(Consent)


def count_consents(session: Session) -> list[ConsentCount]:
    """The members' latest decisions by purpose and text version; one statement."""
    later = and_(
        _Later.member_id == Consent.member_id, _Later.purpose == Consent.purpose, _Later.id > Consent.id
    )
    latest = (
        select(
            Consent.purpose,
            Consent.text_version,
            func.sum(case((Consent.granted, 1), else_=0)).label("granted"),
            func.sum(case((Consent.granted, 0), else_=1)).label("declined"),
        )
        .where(~select(_Later.id).where(later).exists())
        .group_by(Consent.purpose, Consent.text_version)
    )
    found = {(row.purpose, row.text_version): row for row in session.execute(latest)}
    current = {text.purpose: text.version for text in consent_texts.current_texts()}
    keys = sorted(found.keys() | {*current.items()}, key=lambda key: (list(current).index(key[0]), key[1]))
    return [
        ConsentCount(
            purpose,
            version,
            current[purpose] == version,
            int(found[purpose, version].granted) if (purpose, version) in found else 0,
            int(found[purpose, version].declined) if (purpose, version) in found else 0,
        )
        for purpose, version in keys
    ]


def list_requests(
    session: Session, *, state: RequestState | None, limit: int, cursor: str | None
) -> Page[DataRequest]:
    """Requests on paper: those that are due first come first, whatever their state."""
    wanted = select(DataRequest)
    if state is not None:
        wanted = wanted.where(DataRequest.state == state)
    return paging.page(
        session, wanted, [DataRequest.due_on, DataRequest.id], limit=limit, cursor=cursor, descending=False
    )


def get_request(session: Session, request_id: UUID) -> DataRequest:
    """Raises NotFound."""
    found = session.get(DataRequest, request_id)
    if found is None:
        raise NotFound
    return found


def list_erasures(session: Session, *, limit: int, cursor: str | None) -> Page[Row[*tuple[Any, ...]]]:
    """Members who erased themselves: receipts and times, never who."""
    wanted = select(Erasure.id, Erasure.receipt, Erasure.requested_at, Erasure.completed_at)
    return paging.page_rows(session, wanted, [Erasure.id], limit=limit, cursor=cursor, descending=True)


def count_desk(session: Session, *, today: date) -> DeskCounts:
    """One statement."""
    still = DataRequest.state == RequestState.OPEN
    waiting = select(func.count()).select_from(DataRequest).where(still)
    overdue = waiting.where(DataRequest.due_on < today)
    erased = select(func.count()).select_from(Erasure)
    counted = (query.scalar_subquery() for query in (waiting, overdue, erased))
    return DeskCounts(*session.execute(select(*counted)).one())


def find_receipt(session: Session, typed: str) -> Receipt | None:
    """What a receipt stands for, however it was typed: an erasure's or a request's."""
    wanted = _normal(typed)
    for entry in session.scalars(select(Erasure).where(Erasure.receipt == wanted)):
        state = "done" if entry.completed_at else "open"
        asked, done = entry.requested_at, entry.completed_at
        return Receipt(entry.receipt, "self_erasure", state, asked, None, done, None)
    for found in session.scalars(select(DataRequest).where(DataRequest.number == wanted)):
        return Receipt(
            found.number,
            found.kind.value,
            found.state.value,
            found.created_at,
            found.due_on,
            found.decided_at,
            found.id,
        )
    return None


def _normal(typed: str) -> str:
    """The prefix and the code as they are stored: letters that look like digits are read as digits."""
    parts: Sequence[str] = typed.strip().upper().replace(" ", "").split("-", 2)
    return (
        "-".join([*parts[:2], normalise_short_code(parts[2])]) if len(parts) == 3 else typed.strip().upper()
    )
