"""Keeping the figures: which days changed, what they come to now, and a revision when what leaves is new.

Nothing is done while visits are booked. What changed is read from the audit trail, in which every change of a
booking has a row, and whose places are given after commits. A day that is not closed yet needs no mark: it is
counted when it closes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, delete, insert, literal, select, true, tuple_, union, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from miniprogram_api.engagement import contributions, rules
from miniprogram_api.engagement.events import DayChanged
from miniprogram_api.engagement.models import (
    DayRevision,
    DayToRecount,
    EngagementDay,
    Operation,
    Progress,
    Reason,
)
from miniprogram_api.engagement.rules import Figures, Shown
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor, AuditRow
from miniprogram_api.kernel.db import Model, is_sqlite
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.queries import exchange
from miniprogram_api.visits.queries import engagement as visit_queries
from miniprogram_api.visits.queries.engagement import VisitFigures

BATCH = 500
_QUIETLY = {"synchronize_session": False}
_MARK = ("site_id", "counted_on")

SiteDay = tuple[UUID, date]
ProjectDay = tuple[str, date]

_SCANS = frozenset({"visits.admit", "visits.admit_walk_in"})


def mark_days(session: Session, days: Iterable[SiteDay], *, reason: Reason, now: datetime) -> None:
    """Have days counted again. Those that are not closed are left: they are counted when they close."""
    rows = [
        {"site_id": site_id, "counted_on": on, "reason": reason, "marked_at": now}
        for site_id, on in sorted(set(days))
        if rules.is_closed(on, now)
    ]
    if rows:
        statement = _insert(session, DayToRecount)
        told = {"reason": statement.excluded.reason}
        session.execute(statement.on_conflict_do_update(index_elements=_MARK, set_=told), rows)


def follow_visits(session: Session, *, now: datetime) -> bool:
    """Mark the days of the next changes of bookings; whether more may be waiting."""
    progress = _lock_progress(session)
    after = progress.followed_sequence
    sealed, until = audit.list_sealed(session, object_type="booking", after=after, limit=BATCH)
    changes = [row for row in sealed if row.action.startswith("visits.")]
    days = visit_queries.days_of_bookings(session, {UUID(row.object_id) for row in changes})
    scanned = {days[UUID(row.object_id)] for row in changes if _is_scan(row) and UUID(row.object_id) in days}
    touched = {day for row in changes for day in _days_of(row, days)}
    mark_days(session, touched - scanned, reason=Reason.CORRECTION, now=now)
    mark_days(session, scanned, reason=Reason.LATE_SCAN, now=now)
    progress.followed_sequence = until
    session.flush()
    return until - after == BATCH


def _is_scan(row: AuditRow) -> bool:
    return row.action in _SCANS


def _days_of(row: AuditRow, days: Mapping[UUID, SiteDay]) -> Iterable[SiteDay]:
    """The day of the booking, and the one it left if it moved."""
    day = days.get(UUID(row.object_id))
    if day is None:
        return
    yield day
    moved_from = (row.before or {}).get("visit_on")
    if moved_from is not None:
        yield day[0], date.fromisoformat(moved_from)


def close_day(session: Session, *, now: datetime) -> bool:
    """Have the next day that is over counted, and those before it that are not final; False if none is due.

    Every site with something to visit gets its row, nobody having come included. Counting the days before it
    once more finds whatever a mark should have said and did not.
    """
    progress = _lock_progress(session)
    last = rules.last_closed(now)
    if progress.closed_on is not None and progress.closed_on >= last:
        return False
    on = _next_to_close(session, progress.closed_on, last)
    first = on - timedelta(days=rules.FINAL_AFTER_DAYS - 1)
    days = _select_days(first, on)
    told = (literal(Reason.INITIAL, DayToRecount.reason.type), literal(now, DayToRecount.marked_at.type))
    # SQLite takes ON CONFLICT for part of the SELECT unless there is a WHERE.
    marks = select(days.c.site_id, days.c.visit_on, *told).where(true())
    statement = _insert(session, DayToRecount).from_select([*_MARK, "reason", "marked_at"], marks)
    # Counting as a matter of course says less than any reason that is there.
    session.execute(statement.on_conflict_do_nothing(index_elements=_MARK))
    progress.closed_on = on
    session.flush()
    return True


def _select_days(first: date, last: date) -> Subquery:
    """The days of a range on which there was something to visit, and whatever was counted of it already."""
    visited = visit_queries.select_days(first, last)
    counted = select(EngagementDay.site_id, EngagementDay.counted_on)
    counted = counted.where(EngagementDay.counted_on.between(first, last))
    return union(select(visited.c.site_id, visited.c.visit_on), counted).subquery("days_to_close")


def _next_to_close(session: Session, closed_on: date | None, last: date) -> date:
    if closed_on is not None:
        return closed_on + timedelta(days=1)
    first = visit_queries.find_first_day(session)
    return last if first is None else min(first, last)


def _lock_progress(session: Session) -> Progress:
    first = {"id": 1, "followed_sequence": 0, "closed_on": None}
    session.execute(_insert(session, Progress).values(first).on_conflict_do_nothing(index_elements=["id"]))
    wanted = select(Progress).where(Progress.id == 1).with_for_update()
    return session.scalars(wanted.execution_options(populate_existing=True)).one()


@dataclass(frozen=True, slots=True)
class _Day:
    """A day that is being counted: what it was, and what it is now."""

    site_id: UUID
    project_id: str
    taken_back: bool
    on: date
    mark: Reason
    before: EngagementDay | None
    earlier: Sequence[Shown]
    figures: Figures

    @property
    def revision(self) -> int:
        return self.before.revision if self.before else 0

    @property
    def is_retracted(self) -> bool:
        return self.before is not None and self.before.retracted_at is not None


def recount(session: Session, *, actor: Actor, now: datetime, limit: int = BATCH) -> int:
    """Count the next marked days again; returns how many. The statements are the same for any number."""
    # The marks go first: a change that is committed after this finds none and makes a new one.
    marks = _take_marks(session, limit)
    if not marks:
        return 0
    rows, revisions = [], []
    for day in _load(session, marks):
        row, revision = _counted(day, now)
        rows.append(row)
        if revision is not None:
            revisions.append(revision)
    _write(session, rows)
    _publish(session, revisions, actor=actor)
    return len(marks)


def _take_marks(session: Session, limit: int) -> dict[SiteDay, Reason]:
    key = (DayToRecount.site_id, DayToRecount.counted_on)
    next_ones = (
        select(*key)
        .order_by(DayToRecount.counted_on, DayToRecount.site_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = delete(DayToRecount).where(tuple_(*key).in_(next_ones)).returning(*key, DayToRecount.reason)
    taken = session.execute(statement.execution_options(**_QUIETLY))
    return {(site_id, on): reason for site_id, on, reason in taken}


def _load(session: Session, marks: Mapping[SiteDay, Reason]) -> list[_Day]:
    days = list(marks)
    projects = exchange.find_projects(session, {site_id for site_id, _ in days})
    keys = [(projects[site_id].project_id, on) for site_id, on in days]
    visits = visit_queries.count_visits_of(session, days)
    more = contributions.count(session, days)
    before = _find_days(session, keys)
    earlier = _find_shown(session, keys)
    return [
        _Day(
            site_id=site_id,
            project_id=key[0],
            taken_back=projects[site_id].taken_back,
            on=on,
            mark=marks[site_id, on],
            before=before.get(key),
            earlier=earlier[key],
            figures=figures_of(visits.get((site_id, on)), more.get((site_id, on))),
        )
        for (site_id, on), key in zip(days, keys, strict=True)
    ]


def figures_of(visits: VisitFigures | None, more: Mapping[str, Any] | None) -> Figures:
    """A day's figures from what each source says; who counts and says nothing counted nothing."""
    counted = visits or VisitFigures()
    return Figures(
        bookings=counted.bookings,
        cancellations=counted.cancellations,
        no_shows=counted.no_shows,
        visitors=counted.visitors,
        **(more or {}),
    )


def _find_days(session: Session, keys: Sequence[ProjectDay]) -> dict[ProjectDay, EngagementDay]:
    key = tuple_(EngagementDay.project_id, EngagementDay.counted_on)
    wanted = select(EngagementDay).where(key.in_(keys)).with_for_update()
    found = session.scalars(wanted.execution_options(populate_existing=True))
    return {(day.project_id, day.counted_on): day for day in found}


def _find_shown(session: Session, keys: Sequence[ProjectDay]) -> dict[ProjectDay, list[Shown]]:
    key = tuple_(DayRevision.project_id, DayRevision.counted_on)
    wanted = select(DayRevision).where(key.in_(keys), DayRevision.operation == Operation.UPSERT)
    found: dict[ProjectDay, list[Shown]] = defaultdict(list)
    for revision in session.scalars(wanted.order_by(DayRevision.revision)):
        found[revision.project_id, revision.counted_on].append(rules.unpack(revision.shown or {}))
    return found


def _counted(day: _Day, now: datetime) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The row of the day, and its next revision if something else leaves now."""
    shown, before = rules.let_out(day.figures, day.earlier), day.before
    row = {
        "project_id": day.project_id,
        "counted_on": day.on,
        "site_id": day.site_id,
        **{name: getattr(day.figures, name) for name in rules.FIELDS},
        "shown": before.shown if before else None,
        "revision": day.revision,
        "reason": before.reason if before else None,
        "final": rules.is_final(day.on, now),
        "counted_at": now,
        "generated_at": before.generated_at if before else None,
        "retracted_at": before.retracted_at if before else None,
    }
    if day.taken_back:
        return (row, None) if day.is_retracted else _take_back(row, now)
    same = bool(day.earlier) and shown == day.earlier[-1]
    ends = before is not None and row["final"] and not before.final
    if same and not ends and not day.is_retracted:
        return row, None
    row |= {
        "shown": rules.pack(shown),
        "revision": day.revision + 1,
        "reason": Reason.FINAL if same and not day.is_retracted else _reason(day),
        "generated_at": now,
        "retracted_at": None,
    }
    return row, _revision_row(row, Operation.UPSERT, now)


def _take_back(row: dict[str, Any], now: datetime) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The row of a project whose record the registry took back: it stays here, and readers drop it."""
    row["retracted_at"] = now
    if row["revision"] == 0:
        return row, None
    row |= {"revision": row["revision"] + 1, "reason": Reason.CORRECTION, "generated_at": now}
    return row, _revision_row(row, Operation.TOMBSTONE, now)


def _reason(day: _Day) -> Reason:
    if day.revision == 0:
        return Reason.INITIAL
    return Reason.CORRECTION if day.mark is Reason.INITIAL else day.mark


def _revision_row(row: Mapping[str, Any], operation: Operation, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "project_id": row["project_id"],
        "counted_on": row["counted_on"],
        "revision": row["revision"],
        "operation": operation,
        "reason": row["reason"],
        "shown": row["shown"] if operation is Operation.UPSERT else None,
        "final": row["final"],
        "occurred_at": now,
    }


def follow_record(session: Session, site_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Give a project's days away while the registry stands by its record, as that is now.

    What happened is told at least once and in any order, so it is not asked what it was.
    """
    project = exchange.find_projects(session, {site_id})[site_id]
    change = retract_project if project.taken_back else restore_project
    change(session, project.project_id, actor=actor, now=now)


def retract_project(session: Session, project_id: str, *, actor: Actor, now: datetime) -> int:
    """Stop giving away the days of a project and tell readers to drop them; the figures are kept here."""
    changing = (
        update(EngagementDay)
        .where(
            EngagementDay.project_id == project_id,
            EngagementDay.revision > 0,
            EngagementDay.retracted_at.is_(None),
        )
        .values(
            retracted_at=now,
            revision=EngagementDay.revision + 1,
            reason=Reason.CORRECTION,
            generated_at=now,
        )
        .returning(EngagementDay)
    )
    days = session.scalars(changing.execution_options(populate_existing=True, **_QUIETLY)).all()
    _publish(session, [_revision_row(_columns(day), Operation.TOMBSTONE, now) for day in days], actor=actor)
    return len(days)


def restore_project(session: Session, project_id: str, *, actor: Actor, now: datetime) -> int:
    """Have the days of a project counted anew and given away again; returns how many are."""
    retracted = select(EngagementDay.site_id, EngagementDay.counted_on).where(
        EngagementDay.project_id == project_id, EngagementDay.retracted_at.is_not(None)
    )
    days = [(site_id, on) for site_id, on in session.execute(retracted)]
    mark_days(session, days, reason=Reason.CORRECTION, now=now)
    return len(days)


def _columns(day: EngagementDay) -> dict[str, Any]:
    return {column.key: getattr(day, column.key) for column in EngagementDay.__table__.columns}


def _write(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    statement = _insert(session, EngagementDay)
    key = ["project_id", "counted_on"]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)


def _publish(session: Session, revisions: Sequence[dict[str, Any]], *, actor: Actor) -> None:
    if not revisions:
        return
    session.execute(insert(DayRevision), revisions)
    events.publish_all(
        session,
        [DayChanged(row["project_id"], row["counted_on"].isoformat(), row["revision"]) for row in revisions],
    )
    audit.record_all(
        session,
        [
            audit.row_of(
                actor=actor,
                action="engagement.revise_day",
                object_type="engagement_day",
                object_id=f"{row['project_id']}@{row['counted_on']}",
                after={"revision": row["revision"], "operation": row["operation"].value},
                reason=row["reason"].value,
            )
            for row in revisions
        ],
    )
    events.ring_after_commit(session)


def _insert(session: Session, model: type[Model]) -> Any:
    return (sqlite if is_sqlite(session) else postgresql).insert(model)
