"""Comparing what we hold with what the registry has, and mending what a fresh record can mend.

The registry is read outside transactions; a difference that is not mended is reported with the day it was
first seen, never swallowed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import execute_counting
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.events_reconciliation import ReconciliationFinished
from miniprogram_api.registry.models.reconciliation import Difference, Kind, ReconciliationReport, ReportAck
from miniprogram_api.registry.queries.holdings import Holding, iterate_holdings, stands_of
from miniprogram_api.registry.rules.reconciliation import ALARM_AFTER, KEEP_FOR, Stand, compare
from miniprogram_api.registry.service.taking_over import take_over
from miniprogram_api.visits.queries.closed_sites import last_visits

log = structlog.get_logger(__name__)

DIFFERENCES = Counter("registry_diff_total", "Projects that differed from the registry", ["class"])
BATCH = 500
_AGAIN_AFTER = timedelta(minutes=30)  # a night's comparison that failed
_TAKEN_FOR_DEAD_AFTER = timedelta(hours=6)  # one that never ended; the longest mends a thousand, one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A project and the class it was found in."""

    kind: Kind
    project_id: str
    held: Stand | None = None
    theirs: Stand | None = None


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of the attempt to mend a difference; `outcome` is a word for the report."""

    ok: bool
    outcome: str


NOT_REPAIRABLE = Repaired(False, "not_repairable")


def begin(session: Session, *, now: datetime, night: date | None = None) -> UUID | None:
    """Open a report. Of a night there is one: None when another worker has it, or it is there already."""
    if night is not None:
        known = select(ReconciliationReport).where(ReconciliationReport.night == night).with_for_update()
        report = session.scalars(known.execution_options(populate_existing=True)).one_or_none()
        if report is not None:
            return _begin_again(session, report, now)
    report = ReconciliationReport(id=new_id(), night=night, started_at=now, counts={}, repaired=0)
    try:
        with session.begin_nested():
            session.add(report)
    except IntegrityError:
        return None
    return report.id


def _begin_again(session: Session, report: ReconciliationReport, now: datetime) -> UUID | None:
    over = report.finished_at is not None and report.failure is None
    wait = _TAKEN_FOR_DEAD_AFTER if report.finished_at is None else _AGAIN_AFTER
    if over or report.started_at > now - wait:
        return None
    session.execute(delete(Difference).where(Difference.report_id == report.id))
    report.started_at, report.finished_at, report.failure = now, None, None
    return report.id


def inspect(session: Session, theirs: Mapping[str, Stand], *, now: datetime) -> Iterator[Finding]:
    """A finding for each project of either side, and more for what contradicts itself here."""
    seen: set[str] = set()
    ended: list[Holding] = []
    for holding in iterate_holdings(session):
        seen.add(holding.project_id)
        there = theirs.get(holding.project_id)
        kind = compare(holding.stand, there)
        yield Finding(kind=kind, project_id=holding.project_id, held=holding.stand, theirs=there)
        if not holding.site_agrees:
            yield Finding(kind=Kind.LIFECYCLE_ILLEGAL, project_id=holding.project_id, held=holding.stand)
        if holding.site_id is not None and holding.withdrawn_from is not None:
            ended.append(holding)
    for project_id in sorted(theirs.keys() - seen):
        yield Finding(kind=Kind.MISSING_HERE, project_id=project_id, theirs=theirs[project_id])
    yield from _visits_at_ended_sites(session, ended, now)


def _visits_at_ended_sites(session: Session, ended: Sequence[Holding], now: datetime) -> Iterator[Finding]:
    for start in range(0, len(ended), BATCH):
        some = ended[start : start + BATCH]
        last = last_visits(session, {one.site_id for one in some if one.site_id}, now=now)
        for one in some:
            visit = last.get(one.site_id) if one.site_id else None
            if visit is not None and one.withdrawn_from is not None and visit >= one.withdrawn_from:
                yield Finding(kind=Kind.BOOKINGS_ON_CLOSED, project_id=one.project_id, held=one.stand)


def mend(
    session: Session, finding: Finding, record: Any, *, feed_epoch: str | None, now: datetime
) -> Repaired:
    """Take over the record that the registry gives of a project now, and see whether we agree then."""
    outcome = take_over(session, record, now=now, feed_epoch=feed_epoch)
    stand = stands_of(session, [finding.project_id]).get(finding.project_id)
    agreed = (
        stand is not None
        and isinstance(record, Mapping)
        and (stand.version, stand.digest) == (record.get("version"), record.get("digest"))
        and record.get("project_id") == finding.project_id
    )
    return Repaired(agreed, outcome.value)


def known_since(session: Session) -> dict[tuple[Kind, str], datetime]:
    """Since when what the last whole report left unmended has been so."""
    last = (
        select(ReconciliationReport.id)
        .where(ReconciliationReport.finished_at.is_not(None), ReconciliationReport.failure.is_(None))
        .order_by(ReconciliationReport.started_at.desc(), ReconciliationReport.id.desc())
        .limit(1)
    )
    left = select(Difference.kind, Difference.project_id, Difference.since).where(
        Difference.report_id.in_(last), Difference.repaired.is_(False)
    )
    return {(kind, project_id): since for kind, project_id, since in session.execute(left)}


def write_differences(
    session: Session,
    report_id: UUID,
    found: Sequence[tuple[Finding, Repaired]],
    *,
    since: Mapping[tuple[Kind, str], datetime],
    now: datetime,
) -> None:
    """Add differences to a report; one that is older than a day and still there is an alarm."""
    rows = [_row(report_id, finding, repaired, since, now) for finding, repaired in found]
    session.add_all(rows)
    session.flush()
    for row in rows:
        if not row.repaired and now - row.since > ALARM_AFTER:
            log.error(
                "registry.alarm",
                alarm="difference_unexplained",
                project=row.project_id,
                kind=row.kind.value,
                since=row.since.isoformat(),
            )


def _row(
    report_id: UUID,
    finding: Finding,
    repaired: Repaired,
    since: Mapping[tuple[Kind, str], datetime],
    now: datetime,
) -> Difference:
    return Difference(
        id=new_id(),
        report_id=report_id,
        kind=finding.kind,
        project_id=finding.project_id,
        held_version=finding.held.version if finding.held else None,
        their_version=finding.theirs.version if finding.theirs else None,
        held_digest=finding.held.digest if finding.held else None,
        their_digest=finding.theirs.digest if finding.theirs else None,
        repaired=repaired.ok,
        outcome=repaired.outcome[:80],
        since=since.get((finding.kind, finding.project_id), now),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A comparison as a whole; `failure` says why there is none."""

    counts: Mapping[Kind, int]
    repaired: int = 0
    feed_epoch: str | None = None
    as_of: datetime | None = None
    failure: str | None = None

    @property
    def unrepaired(self) -> int:
        return sum(count for kind, count in self.counts.items() if kind is not Kind.MATCH) - self.repaired


def finish(session: Session, report_id: UUID, result: Result, *, now: datetime) -> None:
    """Close a report."""
    report = session.get_one(ReconciliationReport, report_id, with_for_update=True)
    report.finished_at, report.failure = now, result.failure
    report.counts = {kind.value: result.counts.get(kind, 0) for kind in Kind}
    report.repaired, report.feed_epoch, report.as_of = result.repaired, result.feed_epoch, result.as_of
    session.flush()
    audit.record(
        session,
        actor=SYSTEM,
        action="registry.reconcile",
        object_type="registry_report",
        object_id=str(report_id),
        after={"counts": report.counts, "repaired": result.repaired, "failure": result.failure},
    )
    events.publish(session, ReconciliationFinished(str(report_id), result.unrepaired))
    for kind, count in result.counts.items():
        if kind is not Kind.MATCH:
            DIFFERENCES.labels(kind.value).inc(count)


def purge(session: Session, *, now: datetime) -> int:
    """Forget the oldest report whose three years are over, with its differences; how many reports."""
    old = (
        select(ReconciliationReport.id)
        .where(ReconciliationReport.started_at < now - KEEP_FOR)
        .order_by(ReconciliationReport.started_at)
        .limit(1)
    )
    report_id = session.scalars(old).one_or_none()
    if report_id is None:
        return 0
    for part in (Difference, ReportAck):
        session.execute(delete(part).where(part.report_id == report_id))
    return execute_counting(session, delete(ReconciliationReport).where(ReconciliationReport.id == report_id))
