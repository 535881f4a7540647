"""Taking over what the registry says, a page of records in a handful of statements whatever its length.

A record that cannot be taken over becomes a dead letter and freezes its own project; the others go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy import select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from miniprogram_api.identity.service import organisations, roles
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import after_commit
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.registry.events_feed import ProjectTakenOver
from miniprogram_api.registry.models import DeadLetterClass, HeldProject, ProjectState
from miniprogram_api.registry.rules.lifecycles import is_jump
from miniprogram_api.registry.rules.records import (
    ChangeRecord,
    Op,
    Reading,
    Unreadable,
    Verdict,
    decide,
    read_record,
    withdrawal_of,
)
from miniprogram_api.registry.service import codes, dead_letters, withdrawals
from miniprogram_api.registry.service.dead_letters import Fault
from miniprogram_api.registry.service.mapping import held_values, operator_of, site_record
from miniprogram_api.sites.service import Applied, apply_projects

log = structlog.get_logger(__name__)

REGISTRY = Actor(kind="registry", id="core-registry")
CHANGES = Counter("registry_changes_total", "Records of the registry that were read", ["op", "result"])
ANOMALIES = Counter("registry_anomalies_total", "Steps of a lifecycle that there are not")


class Outcome(StrEnum):
    """What became of a record."""

    APPLIED = "applied"
    RECALLED = "recalled"
    REMOVED = "removed"
    DUPLICATE = "duplicate"
    STALE = "stale"
    FROZEN = "frozen"  # a dead letter of a later version stands in its way
    DEAD = "dead"


_STATES = {
    Op.UPSERT: ProjectState.LIVE,
    Op.RECALL: ProjectState.RECALLED,
    Op.TOMBSTONE: ProjectState.REMOVED,
}
_OUTCOMES = {Op.UPSERT: Outcome.APPLIED, Op.RECALL: Outcome.RECALLED, Op.TOMBSTONE: Outcome.REMOVED}
_UNAPPLIED = {
    Verdict.DUPLICATE: Outcome.DUPLICATE,
    Verdict.STALE: Outcome.STALE,
    Verdict.FROZEN: Outcome.FROZEN,
    Verdict.CONFLICT: Outcome.DEAD,
}
# What a single record can bring about that another one need not; a bug of ours in mapping it too.
_PROCESSING = (SQLAlchemyError, AppError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)


def take_over(session: Session, raw: Any, *, now: datetime, feed_epoch: str | None) -> Outcome:
    """Bring us to what one record says, or keep it as a dead letter; no record makes this raise."""
    return take_over_all(session, [read_record(raw)], now=now, feed_epoch=feed_epoch)[0]


def take_over_all(
    session: Session, readings: Sequence[Reading], *, now: datetime, feed_epoch: str | None
) -> list[Outcome]:
    """`take_over` for many records, in their order; several of one project are taken over one after another.

    Two callers at once are safe: what is held of the projects is locked.
    """
    taking = _TakingOver(session, now=now, feed_epoch=feed_epoch)
    outcomes: list[Outcome] = []
    for batch in _without_repeats(readings):
        outcomes += taking.run(batch)
    counted = list(zip(readings, outcomes, strict=True))
    after_commit(session, lambda: _count(counted))
    return outcomes


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A record to apply, as it was read, and what we held of its project."""

    reading: Reading
    record: ChangeRecord


class _TakingOver:
    """One transaction's work on batches in which each project occurs once."""

    def __init__(self, session: Session, *, now: datetime, feed_epoch: str | None) -> None:
        self._session = session
        self._now = now
        self._epoch = feed_epoch
        self._held: dict[str, HeldProject] = {}

    def run(self, batch: Sequence[Reading]) -> list[Outcome]:
        project_ids = sorted({it.record.project_id for it in batch if it.record.project_id is not None})
        self._held = _lock_held(self._session, project_ids)
        barriers = dead_letters.barriers(self._session, project_ids)
        outcomes: dict[int, Outcome] = {}
        wanted: dict[int, _Wanted] = {}
        confirmed: list[ChangeRecord] = []
        for place, reading in enumerate(batch):
            record = reading.record
            if isinstance(record, Unreadable):
                self._bury(reading, Fault(DeadLetterClass(record.fault.value), record.detail))
                outcomes[place] = Outcome.DEAD
                continue
            verdict = self._decide(record, barriers.get(record.project_id))
            if verdict is Verdict.APPLY:
                wanted[place] = _Wanted(reading, record)
                continue
            outcomes[place] = _UNAPPLIED[verdict]
            if verdict is Verdict.CONFLICT:
                self._bury(reading, Fault(DeadLetterClass.CONFLICT, f"version {record.version}"))
            elif verdict is Verdict.DUPLICATE and record.project_id in barriers:
                confirmed.append(record)
        self._settle(confirmed, barriers)
        outcomes |= self._apply_as_far_as_possible(wanted, barriers)
        return [outcomes[place] for place in range(len(batch))]

    def _decide(self, record: ChangeRecord, barrier: int | None) -> Verdict:
        held = self._held.get(record.project_id)
        if held is None:
            return decide(record, version=None, digest=None, barrier=barrier)
        return decide(record, version=held.version, digest=held.digest, barrier=barrier)

    def _apply_as_far_as_possible(
        self, wanted: dict[int, _Wanted], barriers: dict[str, int]
    ) -> dict[int, Outcome]:
        """All at once; should that fail, one by one, so that only what fails is left out."""
        outcomes = {place: _OUTCOMES[one.record.op] for place, one in wanted.items()}
        if not wanted or self._attempt(wanted, barriers) is None:
            return outcomes
        self._look_again([one.record.project_id for one in wanted.values()])
        for place, one in wanted.items():
            # Where nothing was held there was nothing to lock: somebody else may have been faster.
            verdict = self._decide(one.record, barriers.get(one.record.project_id))
            if verdict is not Verdict.APPLY:
                outcomes[place] = _UNAPPLIED[verdict]
                continue
            failure = self._attempt({place: one}, barriers)
            if failure is not None:
                self._look_again([one.record.project_id])
                self._bury(one.reading, Fault(DeadLetterClass.PROCESSING, failure))
                outcomes[place] = Outcome.DEAD
        return outcomes

    def _look_again(self, project_ids: Sequence[str]) -> None:
        """What a savepoint took back is no longer what we hold."""
        for project_id in project_ids:
            self._held.pop(project_id, None)
        self._held |= _lock_held(self._session, sorted(project_ids))

    def _attempt(self, wanted: dict[int, _Wanted], barriers: dict[str, int]) -> str | None:
        """Apply in a savepoint; the kind of failure, None if there was none."""
        try:
            with self._session.begin_nested():
                self._apply([one.record for one in wanted.values()])
                self._settle([one.record for one in wanted.values()], barriers)
        except _PROCESSING as error:
            if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError):
                raise  # the database's trouble or ours, of which no record is guilty
            self._session.expire_all()
            log.warning("registry_record_failed", records=len(wanted), exc_info=error)
            return type(error).__name__
        return None

    def _apply(self, records: Sequence[ChangeRecord]) -> None:
        before = {project_id: held.lifecycle for project_id, held in self._held.items()}
        full = {record.project_id: record.data or self._data_of(record.project_id) for record in records}
        operators = organisations.ensure_operators(
            self._session,
            {operator for data in full.values() if data and (operator := operator_of(data)) is not None},
            actor=REGISTRY,
            now=self._now,
        )
        sites = apply_projects(
            self._session,
            [
                site_record(record, data, operators=operators, now=self._now)
                for record in records
                if (data := full[record.project_id]) is not None
            ],
            actor=REGISTRY,
            now=self._now,
        )
        for record in records:
            self._hold(record, full[record.project_id], sites.get(record.project_id))
        self._session.flush()
        codes.note_unknown(self._session, [data for data in full.values() if data], now=self._now)
        self._leave_trail([record for record in records if record.project_id not in sites])
        for record in records:
            self._follow(record, sites.get(record.project_id), before.get(record.project_id))

    def _data_of(self, project_id: str) -> Any:
        held = self._held.get(project_id)
        return None if held is None else held.data or None

    def _hold(self, record: ChangeRecord, data: Any, applied: Applied | None) -> None:
        held = self._held.get(record.project_id)
        if held is None:
            held = HeldProject(project_id=record.project_id)
            self._session.add(held)
            self._held[record.project_id] = held
        values = held_values(record, data) | {
            "version": record.version,
            "digest": record.digest,
            "state": _STATES[record.op],
            "occurred_at": record.occurred_at,
            "received_at": self._now,
            "frozen_at": None,
        }
        if applied is not None:
            values["site_id"] = applied.site.id
        for name, value in values.items():
            setattr(held, name, value)

    def _leave_trail(self, records: Sequence[ChangeRecord]) -> None:
        """Audit and event of projects that are no sites; of the others the sites have left their own."""
        rows = [
            audit.row_of(
                actor=REGISTRY,
                action="registry.take_over",
                object_type="project",
                object_id=record.project_id,
                after={
                    "version": record.version,
                    "op": record.op.value,
                    "lifecycle": self._held[record.project_id].lifecycle,
                },
            )
            for record in records
        ]
        audit.record_all(self._session, rows)
        facts = [
            ProjectTakenOver(record.project_id, record.version, self._held[record.project_id].lifecycle)
            for record in records
        ]
        events.publish_all(self._session, facts)

    def _follow(self, record: ChangeRecord, applied: Applied | None, before: str | None) -> None:
        """What else a record brings about: a withdrawal case, frozen grants, a note of an odd step."""
        held = self._held[record.project_id]
        if before is not None and record.op is Op.UPSERT and is_jump(before, held.lifecycle):
            self._flag_jump(record, before, held.lifecycle)
        if applied is None:
            return
        if applied.operator_changed:
            roles.freeze_grants(
                self._session,
                site_id=applied.site.id,
                organisation_id=applied.operator_before,
                reason="operator_changed",
                actor=REGISTRY,
                now=self._now,
            )
        withdrawn = record.op is Op.UPSERT and held.lifecycle == "withdrawn"
        if withdrawn or record.op is Op.TOMBSTONE:
            withdrawal = withdrawal_of(record, received_at=self._now)
            withdrawals.open_case(
                self._session,
                project=held,
                effective_at=withdrawal.effective_at,
                reason_code=withdrawal.reason_code,
                doc_no=withdrawal.doc_no,
                now=self._now,
                actor=REGISTRY,
            )

    def _flag_jump(self, record: ChangeRecord, before: str, after: str) -> None:
        log.warning("registry_lifecycle_jump", project=record.project_id, before=before, after=after)
        after_commit(self._session, ANOMALIES.inc)
        audit.record(
            self._session,
            actor=REGISTRY,
            action="registry.lifecycle_jump",
            object_type="project",
            object_id=record.project_id,
            before={"lifecycle": before},
            after={"lifecycle": after, "version": record.version},
        )

    def _settle(self, records: Sequence[ChangeRecord], barriers: dict[str, int]) -> None:
        """A valid record of the version that was dead, or of a later one, ends the standstill."""
        settled = [
            record
            for record in records
            if record.project_id in barriers and record.version >= barriers[record.project_id]
        ]
        dead_letters.clear(self._session, settled, actor=REGISTRY, now=self._now)
        for record in settled:
            self._held[record.project_id].frozen_at = None

    def _bury(self, reading: Reading, fault: Fault) -> None:
        project_id = reading.record.project_id
        dead_letters.bury(
            self._session,
            reading,
            fault,
            project=None if project_id is None else self._held.get(project_id),
            feed_epoch=self._epoch,
            actor=REGISTRY,
            now=self._now,
        )


def _lock_held(session: Session, project_ids: Sequence[str]) -> dict[str, HeldProject]:
    if not project_ids:
        return {}
    held = select(HeldProject).where(HeldProject.project_id.in_(project_ids)).order_by(HeldProject.project_id)
    rows = session.scalars(held.with_for_update().execution_options(populate_existing=True))
    return {row.project_id: row for row in rows}


def _without_repeats(readings: Sequence[Reading]) -> list[list[Reading]]:
    """The readings in their order, cut wherever a project comes a second time."""
    batches: list[list[Reading]] = [[]]
    seen: set[str] = set()
    for reading in readings:
        project_id = reading.record.project_id
        if project_id is not None and project_id in seen:
            batches.append([])
            seen = set()
        if project_id is not None:
            seen.add(project_id)
        batches[-1].append(reading)
    return batches


def _count(counted: Sequence[tuple[Reading, Outcome]]) -> None:
    for reading, outcome in counted:
        op = "none" if isinstance(reading.record, Unreadable) else reading.record.op.value
        CHANGES.labels(op=op, result=outcome.value).inc()
