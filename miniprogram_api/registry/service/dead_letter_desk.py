"""What people do about dead letters: replay one for a reason, or discard it, for which it takes two.

The project is locked before the letter, as taking records over does.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.registry.errors_dead_letters import (
    DeadLetterMissing,
    DeadLetterSettled,
    DiscardNotAsked,
    PayloadNotKept,
    SecondPersonNeeded,
)
from miniprogram_api.registry.events_dead_letters import DeadLetterHandled
from miniprogram_api.registry.models.dead_letters import UNSETTLED, DeadLetter, DeadLetterState
from miniprogram_api.registry.models.projects import HeldProject
from miniprogram_api.registry.service.taking_over import Outcome, take_over

log = structlog.get_logger(__name__)

ALARM_AFTER = timedelta(hours=24)
# What a replay may come to and still leave the letter to be settled.
_IN_THE_WAY = frozenset({Outcome.DEAD, Outcome.FROZEN})


def replay(
    session: Session, letter_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> tuple[DeadLetter, Outcome]:
    """Take the record over again, as it came; the letter is settled unless that fails once more.

    Raises DeadLetterMissing, DeadLetterSettled, PayloadNotKept.
    """
    letter = _lock_unsettled(session, letter_id)
    if letter.payload is None:
        raise PayloadNotKept
    before = {"state": letter.state.value, "attempts": letter.attempts}
    outcome = take_over(session, json.loads(letter.payload), now=now, feed_epoch=letter.feed_epoch)
    session.refresh(letter)
    if outcome not in _IN_THE_WAY:
        _settle(session, letter, DeadLetterState.REPLAYED, actor=actor, now=now)
    letter.reason = reason
    after = {"state": letter.state.value, "outcome": outcome.value}
    _note(session, letter, "replay_dead_letter", actor, before=before, after=after, reason=reason)
    return letter, outcome


def ask_discard(session: Session, letter_id: UUID, *, reason: str, actor: Actor) -> DeadLetter:
    """Ask for a record to be dropped for good; another person has to agree. Raises as `replay`."""
    letter = _lock_unsettled(session, letter_id)
    letter.discard_asked_by, letter.reason = actor.id, reason
    _note(session, letter, "ask_discard", actor, reason=reason)
    return letter


def confirm_discard(session: Session, letter_id: UUID, *, actor: Actor, now: datetime) -> DeadLetter:
    """Agree to the discard: the project goes on from what is held.

    Raises DeadLetterMissing, DeadLetterSettled, DiscardNotAsked, SecondPersonNeeded.
    """
    letter = _lock_unsettled(session, letter_id)
    if letter.discard_asked_by is None:
        raise DiscardNotAsked
    if letter.discard_asked_by == actor.id:
        raise SecondPersonNeeded
    before = {"state": letter.state.value, "asked_by": letter.discard_asked_by}
    _settle(session, letter, DeadLetterState.DISCARDED, actor=actor, now=now)
    after = {"state": letter.state.value}
    _note(session, letter, "discard_dead_letter", actor, before=before, after=after, reason=letter.reason)
    return letter


def alarm_old(session: Session, *, now: datetime) -> None:
    """Tell operators of what has been unsettled for more than a day."""
    count, oldest = find_old(session, now=now)
    if oldest is not None:
        log.error("registry.alarm", alarm="dead_letters_old", letters=count, oldest=oldest.isoformat())


def find_old(session: Session, *, now: datetime) -> tuple[int, datetime | None]:
    """How many have been unsettled for more than a day, and since when the oldest."""
    old = (
        select(func.count(), func.min(DeadLetter.first_seen_at))
        .select_from(DeadLetter)
        .where(DeadLetter.state.in_(UNSETTLED), DeadLetter.first_seen_at < now - ALARM_AFTER)
    )
    count, oldest = session.execute(old).one()
    return int(count), oldest


def _lock_unsettled(session: Session, letter_id: UUID) -> DeadLetter:
    found = session.get(DeadLetter, letter_id)
    if found is None:
        raise DeadLetterMissing
    if found.project_id is not None:
        _lock_project(session, found.project_id)
    wanted = select(DeadLetter).where(DeadLetter.id == letter_id).with_for_update()
    letter = session.scalars(wanted.execution_options(populate_existing=True)).one()
    if letter.state not in UNSETTLED:
        raise DeadLetterSettled(state=letter.state.value)
    return letter


def _lock_project(session: Session, project_id: str) -> HeldProject | None:
    wanted = select(HeldProject).where(HeldProject.project_id == project_id).with_for_update()
    return session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()


def _settle(
    session: Session, letter: DeadLetter, state: DeadLetterState, *, actor: Actor, now: datetime
) -> None:
    letter.state, letter.next_attempt_at = state, None
    letter.decided_by, letter.decided_at = actor.id, now
    session.flush()
    if letter.project_id is not None:
        _thaw(session, letter.project_id)


def _thaw(session: Session, project_id: str) -> None:
    """A project that no unsettled letter stands in the way of goes on."""
    others = select(DeadLetter.id).where(DeadLetter.project_id == project_id, DeadLetter.state.in_(UNSETTLED))
    project = _lock_project(session, project_id)
    if project is not None and session.scalars(others.limit(1)).one_or_none() is None:
        project.frozen_at = None


def _note(
    session: Session,
    letter: DeadLetter,
    action: str,
    actor: Actor,
    *,
    reason: str | None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=f"registry.{action}",
        object_type="dead_letter",
        object_id=str(letter.id),
        before=before,
        after=after,
        reason=reason,
    )
    events.publish(session, DeadLetterHandled(str(letter.id), letter.state.value))
