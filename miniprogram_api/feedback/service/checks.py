"""The content check of the words: claimed by a turn, asked outside transactions, settled in one.

What the check passes goes to staff. Everything else waits for a person, and what meets a check that is down
is tried again meanwhile: nothing is lost, nothing is refused by a machine, nothing passes unseen.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from miniprogram_api.feedback.models import Feedback, FeedbackState, Finding, HeldBecause
from miniprogram_api.feedback.queries.sealed import read_sealed
from miniprogram_api.feedback.rules import CHECKED_STATES, LEASE, held_for, wait_after
from miniprogram_api.feedback.service.moving import lock_feedback, move
from miniprogram_api.identity.service import members
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.errors import NotFound

_CHECKABLE = or_(
    Feedback.state == FeedbackState.CHECKING,
    and_(Feedback.state == FeedbackState.HELD, Feedback.held_because == HeldBecause.SERVICE_DOWN),
)


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """One taking up of a row; a later one tells itself apart by its attempt."""

    id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Words:
    """What there is to check, and of whom."""

    openid: str = field(repr=False)
    text: str = field(repr=False)


def claim(session: Session, *, now: datetime, limit: int) -> list[Turn]:
    """Take up the words that are due."""
    due = (
        select(Feedback.id)
        .where(_CHECKABLE, Feedback.next_attempt_at <= now)
        .order_by(Feedback.next_attempt_at, Feedback.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(Feedback)
        .where(Feedback.id.in_(due))
        .values(attempts=Feedback.attempts + 1, next_attempt_at=now + LEASE)
        .returning(Feedback.id, Feedback.attempts)
        .execution_options(synchronize_session=False)
    )
    return sorted(Turn(*row) for row in session.execute(claimed))


def read_words(session: Session, turn: Turn) -> Words | None:
    """What to check in this turn; None when there is nothing to do any more."""
    feedback = _mine(session.get(Feedback, turn.id), turn)
    text = None if feedback is None else read_sealed(feedback, "text")
    if feedback is None or text is None:
        return None
    try:
        return Words(openid=members.get_openid(session, feedback.member_id), text=text)
    except NotFound:
        return None


def settle(session: Session, turn: Turn, finding: Finding, *, now: datetime) -> None:
    """Draw the consequence of what the check said."""
    feedback = _mine(lock_feedback(session, turn.id), turn)
    if feedback is None:
        return
    feedback.finding = finding
    because = held_for(finding)
    if because is None:
        move(session, feedback, FeedbackState.OPEN, actor=SYSTEM, now=now)
    else:
        _hold(session, feedback, because, now=now)


def settle_unchecked(session: Session, turn: Turn, *, now: datetime) -> None:
    """Leave to a person what the check cannot judge."""
    feedback = _mine(lock_feedback(session, turn.id), turn)
    if feedback is not None:
        _hold(session, feedback, HeldBecause.UNCHECKED, now=now)


def settle_down(session: Session, turn: Turn, *, error: str, now: datetime) -> None:
    """Hold what met a check that is down, to be tried again."""
    feedback = _mine(lock_feedback(session, turn.id), turn)
    if feedback is None:
        return
    if feedback.state is not FeedbackState.HELD:
        _hold(session, feedback, HeldBecause.SERVICE_DOWN, now=now)
        feedback.attempts = turn.attempt
    feedback.next_attempt_at = now + wait_after(turn.attempt)
    feedback.last_error = error[:80]
    session.flush()


def _mine(feedback: Feedback | None, turn: Turn) -> Feedback | None:
    """The feedback of a turn, unless it was decided about or taken up by somebody else meanwhile."""
    if feedback is None or feedback.attempts != turn.attempt or feedback.state not in CHECKED_STATES:
        return None
    return feedback


def _hold(session: Session, feedback: Feedback, because: HeldBecause, *, now: datetime) -> None:
    feedback.held_because = because
    move(session, feedback, FeedbackState.HELD, actor=SYSTEM, now=now)
