"""Reports of comparisons, as administrators and partners read them."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.registry.errors_reconciliation import DifferenceMissing, ReportMissing
from miniprogram_api.registry.models.projects import HeldProject
from miniprogram_api.registry.models.reconciliation import Difference, ReconciliationReport
from miniprogram_api.sites.queries import SiteFacts, find_site

_DAY_MINUTES = 1440
_BATCH = 500


def list_reports(session: Session, *, limit: int, cursor: str | None) -> Page[ReconciliationReport]:
    """The newest first. Raises InvalidCursor."""
    columns = [ReconciliationReport.started_at, ReconciliationReport.id]
    return page(session, select(ReconciliationReport), columns, limit=limit, cursor=cursor, descending=True)


def get_report(session: Session, report_id: UUID) -> ReconciliationReport:
    """One report. Raises ReportMissing."""
    found = session.get(ReconciliationReport, report_id)
    if found is None:
        raise ReportMissing
    return found


def get_difference(session: Session, difference_id: UUID) -> Difference:
    """One difference. Raises DifferenceMissing."""
    found = session.get(Difference, difference_id)
    if found is None:
        raise DifferenceMissing
    return found


def count_undecided(session: Session, report_id: UUID) -> int:
    """How many differences of a report wait for a person."""
    waiting = (
        select(func.count())
        .select_from(Difference)
        .where(
            Difference.report_id == report_id,
            Difference.repaired.is_(False),
            Difference.decision.is_(None),
        )
    )
    return session.scalar(waiting) or 0


def find_last_report(session: Session) -> ReconciliationReport | None:
    """The last comparison that came to an end."""
    whole = select(ReconciliationReport).where(
        ReconciliationReport.finished_at.is_not(None), ReconciliationReport.failure.is_(None)
    )
    latest = whole.order_by(ReconciliationReport.started_at.desc(), ReconciliationReport.id.desc())
    return session.scalars(latest.limit(1)).one_or_none()


def find_site_of(session: Session, project_id: str) -> SiteFacts | None:
    """The site of a project that is held here."""
    site_id = session.scalar(select(HeldProject.site_id).where(HeldProject.project_id == project_id))
    return None if site_id is None else find_site(session, site_id)


def names_of_projects(session: Session, project_ids: Collection[str]) -> dict[str, str]:
    """What projects that are held here are called; one statement."""
    named = select(HeldProject.project_id, HeldProject.name).where(HeldProject.project_id.in_(project_ids))
    return {row.project_id: row.name for row in session.execute(named) if row.name}


def get_report_of(session: Session, day: date) -> ReconciliationReport:
    """The last whole report that was begun on a day in Beijing. Raises ReportMissing."""
    first: datetime = beijing_time(day, 0)
    of_day = select(ReconciliationReport).where(
        ReconciliationReport.started_at >= first,
        ReconciliationReport.started_at < beijing_time(day, _DAY_MINUTES),
        ReconciliationReport.finished_at.is_not(None),
        ReconciliationReport.failure.is_(None),
    )
    last = of_day.order_by(ReconciliationReport.started_at.desc(), ReconciliationReport.id.desc())
    found = session.scalars(last.limit(1)).one_or_none()
    if found is None:
        raise ReportMissing
    return found


def list_differences(
    session: Session, report_id: UUID, *, limit: int, cursor: str | None
) -> Page[Difference]:
    """The differences of a report in the order they were found. Raises InvalidCursor."""
    of_report = select(Difference).where(Difference.report_id == report_id)
    return page(session, of_report, [Difference.id], limit=limit, cursor=cursor)


def iterate_differences(session: Session, report_id: UUID) -> Iterator[Difference]:
    """All of them, read in pages."""
    cursor = None
    while True:
        found = list_differences(session, report_id, limit=_BATCH, cursor=cursor)
        yield from found.items
        cursor = found.next_cursor
        if cursor is None:
            return
