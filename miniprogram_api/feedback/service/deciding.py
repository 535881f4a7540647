"""What staff decide about feedback and its pictures; each decision can be taken back by another."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.feedback.errors import (
    AlreadyDecided,
    FeedbackMissing,
    NotEnded,
    NothingToCorrect,
    NotOpen,
    NotUnderReview,
)
from miniprogram_api.feedback.events import FeedbackAnswered, FeedbackClosed, FeedbackRefused
from miniprogram_api.feedback.models import Feedback as Feedback
from miniprogram_api.feedback.models import FeedbackState, PictureState
from miniprogram_api.feedback.queries import desk
from miniprogram_api.feedback.queries.sealed import seal
from miniprogram_api.feedback.rules import ANSWERABLE, CLOSABLE, REFUSABLE, RELEASABLE, REOPENABLE
from miniprogram_api.feedback.service.moving import (
    leave_trace,
    lock_feedback,
    lock_picture,
    move,
    move_picture,
)
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import Conflict


def lock_managed(session: Session, principal: Principal, feedback_id: UUID) -> Feedback:
    """Feedback that the caller may decide about, kept from changing. Raises FeedbackMissing."""
    found = session.scalar(desk.managed(principal, desk.MANAGE, feedback_id))
    feedback = None if found is None else lock_feedback(session, found.id)
    if feedback is None:
        raise FeedbackMissing
    return feedback


def release(session: Session, feedback: Feedback, *, actor: Actor, now: datetime) -> None:
    """Let held feedback be dealt with. Raises NotUnderReview."""
    _check(feedback, RELEASABLE, NotUnderReview)
    move(session, feedback, FeedbackState.OPEN, actor=actor, now=now)


def refuse(session: Session, feedback: Feedback, *, reason: str, actor: Actor, now: datetime) -> None:
    """Do not deal with it, and tell its member why. Raises NotUnderReview."""
    _check(feedback, REFUSABLE, NotUnderReview)
    seal(feedback, "reason", reason)
    fact = FeedbackRefused(str(feedback.id), _next_occasion(feedback))
    move(session, feedback, FeedbackState.REFUSED, actor=actor, now=now, fact=fact)


def answer(session: Session, feedback: Feedback, *, text: str, actor: Actor, now: datetime) -> None:
    """Answer its member. Raises NotOpen."""
    _check(feedback, ANSWERABLE, NotOpen)
    seal(feedback, "answer", text)
    feedback.answered_at, feedback.corrected_at = now, None
    fact = FeedbackAnswered(str(feedback.id), _next_occasion(feedback), corrected=False)
    move(session, feedback, FeedbackState.ANSWERED, actor=actor, now=now, fact=fact)


def correct_answer(session: Session, feedback: Feedback, *, text: str, actor: Actor, now: datetime) -> None:
    """Put other words in the place of an answer, once, and tell its member. Raises NothingToCorrect."""
    if feedback.state is not FeedbackState.ANSWERED or feedback.corrected_at is not None:
        raise NothingToCorrect
    if feedback.erased_at is not None:
        raise NothingToCorrect
    seal(feedback, "answer", text)
    feedback.corrected_at = now
    fact = FeedbackAnswered(str(feedback.id), _next_occasion(feedback), corrected=True)
    session.flush()
    leave_trace(session, feedback, fact, actor=actor, after={"corrected": True})


def close(session: Session, feedback: Feedback, *, reason: str, actor: Actor, now: datetime) -> None:
    """End it without an answer, for a reason that its member is told. Raises NotOpen."""
    _check(feedback, CLOSABLE, NotOpen)
    seal(feedback, "reason", reason)
    fact = FeedbackClosed(str(feedback.id), _next_occasion(feedback))
    move(session, feedback, FeedbackState.CLOSED, actor=actor, now=now, fact=fact)


def reopen(session: Session, feedback: Feedback, *, actor: Actor, now: datetime) -> None:
    """Deal with it again; the former answer stays to be read until there is another. Raises NotEnded."""
    _check(feedback, REOPENABLE, NotEnded)
    seal(feedback, "reason", None)
    move(session, feedback, FeedbackState.OPEN, actor=actor, now=now)


def show_picture(session: Session, feedback: Feedback, picture_id: UUID, *, actor: Actor) -> None:
    """Show a picture, whatever the check said. Raises FeedbackMissing, AlreadyDecided."""
    _decide(session, feedback, picture_id, PictureState.SHOWN, actor)


def hide_picture(session: Session, feedback: Feedback, picture_id: UUID, *, actor: Actor) -> None:
    """Take a picture out of what its member sees. Raises FeedbackMissing, AlreadyDecided."""
    _decide(session, feedback, picture_id, PictureState.HIDDEN, actor)


def _decide(
    session: Session, feedback: Feedback, picture_id: UUID, state: PictureState, actor: Actor
) -> None:
    picture = lock_picture(session, picture_id)
    if picture is None or picture.feedback_id != feedback.id:
        raise FeedbackMissing
    if picture.state is state:
        raise AlreadyDecided
    move_picture(session, picture, state, actor=actor)


def _check(feedback: Feedback, states: Collection[FeedbackState], refusal: type[Conflict]) -> None:
    if feedback.state not in states or feedback.erased_at is not None:
        raise refusal


def _next_occasion(feedback: Feedback) -> int:
    feedback.told += 1
    return feedback.told
