"""Reads of the audit trail for auditors; the trail itself is the kernel's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import StaffAccount
from miniprogram_api.kernel import paging
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.paging import Page


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which rows are wanted; what is None does not matter."""

    actor_id: str | None = None
    action: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    # Whatever accounts of the organisation did.
    organisation_id: UUID | None = None
    # What any of these did; nobody, where it is empty.
    actor_ids: tuple[str, ...] | None = None


_SHOWN = (
    AuditRow.id,
    AuditRow.at,
    AuditRow.actor_kind,
    AuditRow.actor_id,
    AuditRow.action,
    AuditRow.object_type,
    AuditRow.object_id,
    AuditRow.before,
    AuditRow.after,
    AuditRow.reason,
    AuditRow.ip,
    AuditRow.request_id,
    AuditRow.sequence,
    AuditRow.hash,
)


def list_trail(
    session: Session, wanted: TrailFilter, *, limit: int, cursor: str | None
) -> Page[Row[*tuple[Any, ...]]]:
    """Rows of the trail, newest first, each with its place in the hash chain once it is sealed."""
    # Ids are ordered by time, and unique, which instants are not.
    statement = _wanted(session, wanted)
    return paging.page_rows(session, statement, [AuditRow.id], limit=limit, cursor=cursor, descending=True)


def list_for_export(session: Session, wanted: TrailFilter, *, most: int) -> list[Row[*tuple[Any, ...]]]:
    """The newest rows that fit, `most` at most: what an auditor carries away."""
    return list(session.execute(_wanted(session, wanted).order_by(AuditRow.id.desc()).limit(most)))


def _wanted(session: Session, wanted: TrailFilter) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = select(*_SHOWN)
    for column, value in (
        (AuditRow.actor_id, wanted.actor_id),
        (AuditRow.action, wanted.action),
        (AuditRow.object_type, wanted.object_type),
        (AuditRow.object_id, wanted.object_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(AuditRow.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(AuditRow.at < wanted.until)
    if wanted.actor_ids is not None:
        statement = statement.where(AuditRow.actor_id.in_(wanted.actor_ids))
    if wanted.organisation_id is not None:
        of_it = select(StaffAccount.id).where(StaffAccount.organisation_id == wanted.organisation_id)
        people = [str(staff_id) for staff_id in session.scalars(of_it)]
        is_its = AuditRow.organisation_id == str(wanted.organisation_id)
        statement = statement.where(or_(is_its, AuditRow.actor_id.in_(people)))
    return statement
