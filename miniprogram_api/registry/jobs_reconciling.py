"""Compares with the registry every night and when asked to: reads outside, writes in small transactions."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import after_commit, atomic, reading, retrying
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.tasks import periodic, run_soon
from miniprogram_api.registry import sources
from miniprogram_api.registry.events_dead_letters import DeadLetterHandled
from miniprogram_api.registry.events_feed import SnapshotTaken
from miniprogram_api.registry.models.dead_letters import DeadLetterState
from miniprogram_api.registry.models.reconciliation import Kind
from miniprogram_api.registry.rules.reconciliation import REPAIRABLE, Stand, night_of, read_stand
from miniprogram_api.registry.service import pulling, reconciling
from miniprogram_api.registry.service.reconciling import BATCH, NOT_REPAIRABLE, Finding, Repaired, Result
from miniprogram_api.registry.sources.port import (
    CursorExpired,
    RegistrySource,
    SourceRefused,
    SourceUnavailable,
)

log = structlog.get_logger(__name__)

MOST_REPAIRS = 1000  # beyond this the feed and a snapshot are the way, not single requests
_MOST_PAGES = 10_000
Progress = Callable[[str, int, int], None]
_NOT_TRIED = Repaired(False, "not_tried")


@periodic("registry.reconcile", every_minutes=10)
def reconcile_due() -> None:
    """Once a night after three in Beijing, later where the registry was away, and whenever one is wanted."""
    source, night = sources.current(), night_of(clock.now())
    if source is None:
        return
    report_id = None if night is None else begin(night)
    if report_id is not None:
        compare(source, report_id)
    report_id = _begin_wanted()
    if report_id is not None and compare(source, report_id).failure is not None:
        _want_again()


@retrying
def _begin_wanted() -> UUID | None:
    with atomic() as session:
        if not pulling.is_comparison_wanted(session):
            return None
        pulling.note_comparison(session, wanted=False)
        return reconciling.begin(session, now=clock.now())


@retrying
def _want_again() -> None:
    with atomic() as session:
        pulling.note_comparison(session, wanted=True)


@subscribe(SnapshotTaken, name="registry.compare_after_resync")
def compare_after_resync(session: Session, _: SnapshotTaken) -> None:
    """Find what a snapshot passed over now, not in the night."""
    if pulling.is_comparison_wanted(session):
        after_commit(session, lambda: run_soon("registry.reconcile"))


@subscribe(DeadLetterHandled, name="registry.compare_after_discard")
def compare_after_discard(session: Session, event: DeadLetterHandled) -> None:
    """Find the good records that could not pass a dead letter while it stood in their way."""
    if event.state == DeadLetterState.DISCARDED:
        pulling.ensure_feed(session, now=clock.now())
        pulling.note_comparison(session, wanted=True)
        after_commit(session, lambda: run_soon("registry.reconcile"))


@periodic("registry.purge_reports", every_minutes=60)
def purge_reports() -> None:
    """Forget reports after three years."""
    while _purge_one():
        pass


@retrying
def _purge_one() -> int:
    with atomic() as session:
        return reconciling.purge(session, now=clock.now())


@retrying
def begin(night: date | None = None) -> UUID | None:
    """Open a report, of a night if one is given; None when that night has its report."""
    with atomic() as session:
        return reconciling.begin(session, now=clock.now(), night=night)


def compare(source: RegistrySource, report_id: UUID, progress: Progress = lambda *_: None) -> Result:
    """Compare, mend and write the report; `progress` hears the step, how far it is and of how much."""
    try:
        theirs = _read_theirs(source, progress)
    except (SourceUnavailable, SourceRefused, CursorExpired) as error:
        result = Result(counts={}, failure=(str(error) or type(error).__name__)[:200])
    else:
        result = _compare(source, report_id, theirs, progress)
    _finish(report_id, result)
    return result


@dataclass(frozen=True, slots=True)
class _Theirs:
    stands: dict[str, Stand]
    feed_epoch: str
    as_of: datetime


def read_stands(source: RegistrySource) -> dict[str, Stand]:
    """How every project stands with the registry. Raises as its port does."""
    return _read_theirs(source, lambda *_: None).stands


def _read_theirs(source: RegistrySource, progress: Progress) -> _Theirs:
    """Every line of a fresh snapshot's digest view."""
    stands: dict[str, Stand] = {}
    snapshot_id: str | None = None
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = source.read_snapshot(snapshot_id=snapshot_id, cursor=cursor, digests_only=True)
        lines = [read_stand(item) for item in page.items]
        if None in lines:
            log.error("registry.alarm", alarm="snapshot_line_unreadable", lines=lines.count(None))
        stands.update(line for line in lines if line is not None)
        progress("read", len(stands), 0)
        if page.next_cursor is None:
            return _Theirs(stands, page.feed_epoch, page.as_of)
        snapshot_id, cursor = page.snapshot_id, page.next_cursor
    raise SourceUnavailable("the snapshot has no end")


def _compare(source: RegistrySource, report_id: UUID, theirs: _Theirs, progress: Progress) -> Result:
    with reading() as session:
        since = reconciling.known_since(session)
        findings = list(reconciling.inspect(session, theirs.stands, now=clock.now()))
    counts = Counter(finding.kind for finding in findings)
    differences = [finding for finding in findings if finding.kind is not Kind.MATCH]
    mender = _Mender(source, theirs.feed_epoch)
    repaired = 0
    for start in range(0, len(differences), BATCH):
        some = differences[start : start + BATCH]
        outcomes = [mender.mend(finding) for finding in _told(some, start, len(differences), progress)]
        repaired += sum(outcome.ok for outcome in outcomes)
        _write(report_id, list(zip(some, outcomes, strict=True)), since)
    return Result(counts=counts, repaired=repaired, feed_epoch=theirs.feed_epoch, as_of=theirs.as_of)


def _told(findings: Sequence[Finding], start: int, total: int, progress: Progress) -> Iterable[Finding]:
    for place, finding in enumerate(findings, start + 1):
        yield finding
        progress("mend", place, total)


class _Mender:
    """Asks for one record after the other, until the registry is away or there are too many."""

    def __init__(self, source: RegistrySource, feed_epoch: str) -> None:
        self._source = source
        self._feed_epoch = feed_epoch
        self._left = MOST_REPAIRS

    def mend(self, finding: Finding) -> Repaired:
        if finding.kind not in REPAIRABLE:
            return NOT_REPAIRABLE
        if self._left <= 0:
            return _NOT_TRIED
        self._left -= 1
        record = self._fetch(finding.project_id)
        return record if isinstance(record, Repaired) else _take_over(finding, record, self._feed_epoch)

    def _fetch(self, project_id: str) -> Mapping[str, Any] | Repaired:
        """The record as it is there now, or why there is none."""
        try:
            found = self._source.get_project(project_id)
        except SourceUnavailable:
            self._left = 0
            return Repaired(False, "unavailable")
        except SourceRefused as refused:
            return Repaired(False, f"refused {refused.status} {refused.code}")
        if found is None or found.record is None:
            return Repaired(False, "not_known_there" if found is None else "no_record")
        return found.record


@retrying
def _take_over(finding: Finding, record: object, feed_epoch: str) -> Repaired:
    with atomic() as session:
        return reconciling.mend(session, finding, record, feed_epoch=feed_epoch, now=clock.now())


@retrying
def _write(
    report_id: UUID,
    found: Sequence[tuple[Finding, Repaired]],
    since: dict[tuple[Kind, str], datetime],
) -> None:
    with atomic() as session:
        reconciling.write_differences(session, report_id, found, since=since, now=clock.now())


@retrying
def _finish(report_id: UUID, result: Result) -> None:
    with atomic() as session:
        reconciling.finish(session, report_id, result, now=clock.now())
