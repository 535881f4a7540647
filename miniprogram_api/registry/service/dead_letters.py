"""Dead letters: what could not be taken over, kept until a later record or a person settles it."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import execute_counting
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.events_feed import DeadLetterBuried, DeadLettersCleared
from miniprogram_api.registry.models import DeadLetter, DeadLetterClass, DeadLetterState, HeldProject
from miniprogram_api.registry.models.dead_letters import UNSETTLED
from miniprogram_api.registry.rules.records import ChangeRecord, Reading

log = structlog.get_logger(__name__)

TRIES = 5
_BETWEEN_TRIES = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a reading."""

    kind: DeadLetterClass
    detail: str


def barriers(session: Session, project_ids: Collection[str]) -> dict[str, int]:
    """The highest version of each project that stands unsettled as a dead letter; 0 for one unread."""
    if not project_ids:
        return {}
    highest = (
        select(DeadLetter.project_id, func.max(func.coalesce(DeadLetter.version, 0)))
        .where(DeadLetter.project_id.in_(sorted(project_ids)), DeadLetter.state.in_(UNSETTLED))
        .group_by(DeadLetter.project_id)
    )
    return {project_id: version for project_id, version in session.execute(highest) if project_id}


def bury(
    session: Session,
    reading: Reading,
    fault: Fault,
    *,
    project: HeldProject | None,
    feed_epoch: str | None,
    actor: Actor,
    now: datetime,
) -> DeadLetter:
    """Keep a record that could not be taken over, and freeze its project where we hold it.

    The same record counts once, however often it comes; one that was discarded stays discarded. A failure to
    process it is tried again by itself, and is a dead letter for people after TRIES.
    """
    known = select(DeadLetter).where(DeadLetter.payload_sha256 == reading.sha256).with_for_update()
    letter = session.scalars(known.execution_options(populate_existing=True)).one_or_none()
    if letter is None:
        letter = _new_letter(reading, fault, feed_epoch, now)
        session.add(letter)
    elif letter.state is DeadLetterState.DISCARDED:
        letter.last_seen_at = now
        return letter
    letter.kind, letter.detail, letter.last_seen_at = fault.kind, fault.detail[:200], now
    was, letter.attempts = letter.state, letter.attempts + 1
    retried = fault.kind is DeadLetterClass.PROCESSING and letter.attempts < TRIES
    letter.state = DeadLetterState.RETRYING if retried else DeadLetterState.OPEN
    letter.next_attempt_at = now + _BETWEEN_TRIES * 2 ** (letter.attempts - 1) if retried else None
    letter.decided_by = letter.decided_at = letter.reason = letter.discard_asked_by = None
    if project is not None:
        project.frozen_at = project.frozen_at or now
    session.flush()
    if letter.attempts == 1 or letter.state is not was:
        _tell(session, letter, actor)
    return letter


def clear(session: Session, records: Iterable[ChangeRecord], *, actor: Actor, now: datetime) -> None:
    """Settle what stood in the way of projects: a valid record of that version or a later one came."""
    for record in records:
        passed = update(DeadLetter).where(
            DeadLetter.project_id == record.project_id,
            DeadLetter.state.in_(UNSETTLED),
            func.coalesce(DeadLetter.version, 0) <= record.version,
        )
        values = {"state": DeadLetterState.CLEARED, "decided_at": now, "next_attempt_at": None}
        cleared = execute_counting(session, passed.values(values))
        if not cleared:
            continue
        audit.record(
            session,
            actor=actor,
            action="registry.clear_dead_letters",
            object_type="project",
            object_id=record.project_id,
            after={"version": record.version, "cleared": cleared},
        )
        events.publish(session, DeadLettersCleared(record.project_id, record.version))


def list_due(session: Session, *, now: datetime, limit: int) -> list[DeadLetter]:
    """Records whose taking over is to be tried again."""
    due = select(DeadLetter).where(
        DeadLetter.state == DeadLetterState.RETRYING, DeadLetter.next_attempt_at <= now
    )
    return list(session.scalars(due.order_by(DeadLetter.next_attempt_at, DeadLetter.id).limit(limit)))


def payload_of(letter: DeadLetter) -> Any | None:
    """The record as it came; None where it was too large to keep."""
    return None if letter.payload is None else json.loads(letter.payload)


def count_open(session: Session) -> int:
    """Dead letters that wait for a person."""
    waiting = select(func.count()).select_from(DeadLetter).where(DeadLetter.state == DeadLetterState.OPEN)
    return session.scalars(waiting).one()


def _new_letter(reading: Reading, fault: Fault, feed_epoch: str | None, now: datetime) -> DeadLetter:
    return DeadLetter(
        id=new_id(),
        payload_sha256=reading.sha256,
        payload_bytes=reading.size,
        payload=reading.text,
        project_id=reading.record.project_id,
        version=reading.record.version,
        feed_epoch=feed_epoch,
        kind=fault.kind,
        detail=fault.detail[:200],
        state=DeadLetterState.OPEN,
        attempts=0,
        first_seen_at=now,
        last_seen_at=now,
    )


def _tell(session: Session, letter: DeadLetter, actor: Actor) -> None:
    log.error(
        "registry_dead_letter",
        project=letter.project_id,
        version=letter.version,
        kind=letter.kind.value,
        detail=letter.detail,
        state=letter.state.value,
    )
    audit.record(
        session,
        actor=actor,
        action="registry.bury_record",
        object_type="dead_letter",
        object_id=str(letter.id),
        after={
            "project_id": letter.project_id,
            "version": letter.version,
            "kind": letter.kind.value,
            "state": letter.state.value,
            "payload_sha256": letter.payload_sha256,
        },
    )
    events.publish(session, DeadLetterBuried(str(letter.id), letter.project_id, letter.kind.value))
