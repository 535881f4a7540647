"""Whether the figures are right: counted anew from where they come from, and what left against its feed.

For the self-test. Days that are waiting to be counted again are left out: they say so themselves.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.engagement import contributions, rules
from miniprogram_api.engagement.models import (
    DayRevision,
    DayToRecount,
    EngagementDay,
    Operation,
    Progress,
)
from miniprogram_api.engagement.service import figures_of
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.visits.queries import engagement as visit_queries
from miniprogram_api.visits.queries.engagement import SiteDay

FROM_TRAVEL = ("green_checkins", "avoided_co2_g", "factor_set")
_DAYS_AT_ONCE = 31


def find_wrong_days(session: Session, names: Collection[str] = rules.FIELDS) -> Iterator[str]:
    """Days of which one of these figures is not what counting gives, once what waits is counted."""
    waiting = _waiting(session)
    for first, last in _stretches(session):
        wanted = select(EngagementDay).where(EngagementDay.counted_on.between(first, last))
        rows = {(row.site_id, row.counted_on): row for row in session.scalars(wanted)}
        visits = visit_queries.count_visits(session, first, last)
        more = contributions.count(session, list(rows))
        for day, row in rows.items():
            counted = figures_of(visits.get(day), more.get(day))
            if day not in waiting and any(getattr(row, name) != getattr(counted, name) for name in names):
                yield f"{row.project_id}@{row.counted_on}"


def _stretches(session: Session) -> Iterator[tuple[date, date]]:
    ends = select(func.min(EngagementDay.counted_on), func.max(EngagementDay.counted_on))
    first, last = session.execute(ends).one()
    while first is not None and first <= last:
        yield first, first + timedelta(days=_DAYS_AT_ONCE - 1)
        first += timedelta(days=_DAYS_AT_ONCE)


def _waiting(session: Session) -> set[SiteDay]:
    """Marked days, and those of bookings whose changes nobody has followed yet."""
    marked = {
        (row[0], row[1]) for row in session.execute(select(DayToRecount.site_id, DayToRecount.counted_on))
    }
    followed = session.scalar(select(Progress.followed_sequence)) or 0
    behind = or_(AuditRow.sequence.is_(None), AuditRow.sequence > followed)
    changed = session.scalars(select(AuditRow.object_id).where(AuditRow.object_type == "booking", behind))
    days = visit_queries.days_of_bookings(session, {UUID(booking_id) for booking_id in changed})
    return marked | set(days.values())


def find_unpublished_days(session: Session) -> Iterator[str]:
    """Days that are not given away as their last revision says, or whose revisions have a gap."""
    for first, last in _stretches(session):
        revisions = _revisions(session, first, last)
        wanted = select(EngagementDay).where(EngagementDay.counted_on.between(first, last))
        for day in session.scalars(wanted):
            found = revisions.get((day.project_id, day.counted_on), [])
            if not _is_told_by(day, found):
                yield f"{day.project_id}@{day.counted_on}"


def _revisions(session: Session, first: date, last: date) -> dict[tuple[str, date], list[DayRevision]]:
    wanted = select(DayRevision).where(DayRevision.counted_on.between(first, last))
    found: dict[tuple[str, date], list[DayRevision]] = defaultdict(list)
    for revision in session.scalars(wanted.order_by(DayRevision.revision)):
        found[revision.project_id, revision.counted_on].append(revision)
    return found


def _is_told_by(day: EngagementDay, revisions: Sequence[DayRevision]) -> bool:
    if [each.revision for each in revisions] != list(range(1, day.revision + 1)):
        return False
    if not revisions:
        return True
    if revisions[-1].operation is Operation.TOMBSTONE:
        return day.retracted_at is not None
    told = (revisions[-1].shown, revisions[-1].final)
    return day.retracted_at is None and (day.shown, day.final) == told


def find_few_people(session: Session) -> Iterator[str]:
    """Days whose last state shows one to four people."""
    for first, last in _stretches(session):
        wanted = select(EngagementDay).where(EngagementDay.counted_on.between(first, last))
        for day in session.scalars(wanted):
            told = [(day.shown or {}).get(name) for name in rules.OF_PEOPLE]
            if any(value is not None and 0 < value < rules.LEAST_PEOPLE for value in told):
                yield f"{day.project_id}@{day.counted_on}"
