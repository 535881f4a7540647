"""What may be given away of the figures: rows of days, totals of projects and of the city, and the feed.

Only what has left through the rules is read here, never a figure as it was counted, and every total is the
sum of rows that are listed: it says nothing that the rows do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, cast, func, select
from sqlalchemy.orm import Session

from miniprogram_api.engagement import rules
from miniprogram_api.engagement.models import REVISIONS, DayRevision, EngagementDay, Operation, Reason
from miniprogram_api.kernel import feeds
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.feeds import FeedPage
from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.sites.queries import exchange

_GIVEN_AWAY = (EngagementDay.revision > 0, EngagementDay.retracted_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyRow:
    """A project's day. A value is None where it is `hidden`, or where nobody can tell."""

    project_id: str
    on: date
    values: Mapping[str, Any]
    hidden: frozenset[str]
    revision: int
    reason: str
    final: bool
    generated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Sums of what is shown in `rows` rows; `left_out` counts the hidden values a sum goes without."""

    rows: int
    values: Mapping[str, int | None]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CityDay:
    """A day of all projects together."""

    on: date
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSummary:
    """All days of a project that are given away; `revisions` rises with each change of any of them."""

    project_id: str
    sums: Sums
    first_on: date | None
    last_on: date | None
    final_until: date | None
    revisions: int
    generated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A row of the feed; a tombstone has no `day`."""

    seq: int
    operation: str
    project_id: str
    on: date
    revision: int
    reason: str
    occurred_at: datetime
    day: DailyRow | None


def list_daily(
    session: Session,
    *,
    first: date,
    last: date,
    project_id: str | None = None,
    limit: int,
    cursor: str | None,
) -> Page[DailyRow]:
    """Days of a range, both ends included, by day and project; one statement. Raises InvalidCursor."""
    wanted = select(EngagementDay).where(EngagementDay.counted_on.between(first, last), *_GIVEN_AWAY)
    if project_id is not None:
        wanted = wanted.where(EngagementDay.project_id == project_id)
    order = (EngagementDay.counted_on, EngagementDay.project_id)
    found = page(session, wanted, order, limit=limit, cursor=cursor)
    return Page([_daily_row(day) for day in found.items], found.next_cursor)


def _daily_row(day: EngagementDay) -> DailyRow:
    shown = rules.unpack(day.shown or {})
    return DailyRow(
        project_id=day.project_id,
        on=day.counted_on,
        values=shown.values,
        hidden=shown.hidden,
        revision=day.revision,
        reason=(day.reason or Reason.INITIAL).value,
        final=day.final,
        generated_at=day.generated_at or day.counted_at,
    )


def city_daily(session: Session, first: date, last: date) -> list[CityDay]:
    """Each day of a range on which any project has a row, summed over projects; one statement."""
    statement = (
        select(EngagementDay.counted_on, func.count().label("rows"), *_sums())
        .where(EngagementDay.counted_on.between(first, last), *_GIVEN_AWAY)
        .group_by(EngagementDay.counted_on)
        .order_by(EngagementDay.counted_on)
    )
    return [CityDay(on=row.counted_on, sums=_read_sums(row)) for row in session.execute(statement)]


def get_summary(session: Session, project_id: str) -> ProjectSummary:
    """A project's totals, all empty while no day has left; one or two statements. Raises NotFound."""
    statement = select(
        func.count().label("rows"),
        func.min(EngagementDay.counted_on).label("first_on"),
        func.max(EngagementDay.counted_on).label("last_on"),
        func.max(EngagementDay.counted_on).filter(EngagementDay.final).label("final_until"),
        func.coalesce(func.sum(EngagementDay.revision), 0).label("revisions"),
        func.max(EngagementDay.generated_at).label("generated_at"),
        *_sums(),
    ).where(EngagementDay.project_id == project_id, *_GIVEN_AWAY)
    row = session.execute(statement).one()
    if row.rows == 0 and not exchange.has_project(session, project_id):
        raise NotFound
    return ProjectSummary(
        project_id=project_id,
        sums=_read_sums(row),
        first_on=row.first_on,
        last_on=row.last_on,
        final_until=row.final_until,
        revisions=int(row.revisions),
        generated_at=row.generated_at,
    )


def _sums() -> list[ColumnElement[Any]]:
    shown: Any = EngagementDay.shown
    return [
        func.sum(cast(part.as_string(), BigInteger)).label(f"{kind}_{name}")
        for name in rules.SUMMED
        for kind, part in (("sum", shown[name]), ("hidden", shown["hidden", name]))
    ]


def _read_sums(row: Row[Any]) -> Sums:
    found = row._mapping
    values = {name: found[f"sum_{name}"] for name in rules.SUMMED}
    left_out = {name: int(found[f"hidden_{name}"] or 0) for name in rules.SUMMED}
    return Sums(
        rows=row.rows,
        values={name: None if value is None else int(value) for name, value in values.items()},
        left_out={name: number for name, number in left_out.items() if number},
    )


def list_revisions(session: Session, *, cursor: str | None, limit: int) -> FeedPage[DayRevision]:
    """The revisions after a cursor, in the order they were committed. Raises InvalidCursor, CursorExpired."""
    return feeds.read(session, REVISIONS, cursor=cursor, limit=limit)


def describe(revision: DayRevision) -> Revision:
    """A row of the feed as it is told."""
    return Revision(
        seq=revision.feed_seq or 0,
        operation=revision.operation.value,
        project_id=revision.project_id,
        on=revision.counted_on,
        revision=revision.revision,
        reason=revision.reason.value,
        occurred_at=revision.occurred_at,
        day=_of_revision(revision) if revision.operation is Operation.UPSERT else None,
    )


def _of_revision(revision: DayRevision) -> DailyRow:
    shown = rules.unpack(revision.shown or {})
    return DailyRow(
        project_id=revision.project_id,
        on=revision.counted_on,
        values=shown.values,
        hidden=shown.hidden,
        revision=revision.revision,
        reason=revision.reason.value,
        final=revision.final,
        generated_at=revision.occurred_at,
    )
