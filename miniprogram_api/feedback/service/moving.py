"""The one way in which feedback changes its state, and a picture its own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.feedback.events import (
    FeedbackAnswered,
    FeedbackClosed,
    FeedbackMoved,
    FeedbackRefused,
    FeedbackSent,
    PictureMoved,
)
from miniprogram_api.feedback.models import (
    Feedback,
    FeedbackPicture,
    FeedbackState,
    FeedbackStep,
    PictureState,
)
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.ids import new_id


def move(
    session: Session,
    feedback: Feedback,
    state: FeedbackState,
    *,
    actor: Actor,
    now: datetime,
    fact: FeedbackAnswered | FeedbackRefused | FeedbackClosed | None = None,
) -> None:
    """Bring locked feedback into another state: its step, the audit row and the event come with it.

    The content check leaves it alone from then on, unless it is told otherwise.
    """
    before = feedback.state.value
    feedback.state, feedback.state_at = state, now
    feedback.attempts, feedback.next_attempt_at, feedback.last_error = 0, None, None
    if state is not FeedbackState.HELD:
        feedback.held_because = None
    session.flush()
    moved = fact or FeedbackMoved(feedback_id=str(feedback.id), before=before, after=state.value)
    add_step(session, feedback)
    leave_trace(
        session,
        feedback,
        moved,
        actor=actor,
        before={"state": before},
        after={"state": state.value, "held_because": feedback.held_because},
    )


def add_step(session: Session, feedback: Feedback) -> None:
    """Note the state that feedback is in."""
    session.add(
        FeedbackStep(id=new_id(), feedback_id=feedback.id, state=feedback.state, at=feedback.state_at)
    )
    session.flush()


def leave_trace(
    session: Session,
    feedback: Feedback,
    event: FeedbackSent | FeedbackMoved | FeedbackAnswered | FeedbackRefused | FeedbackClosed,
    *,
    actor: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """The audit row and the event of a change."""
    audit.record(
        session,
        actor=actor,
        action=event.name,
        object_type="feedback",
        object_id=str(feedback.id),
        before=before,
        after=after,
    )
    events.publish(session, event)


def move_picture(session: Session, picture: FeedbackPicture, state: PictureState, *, actor: Actor) -> None:
    """Bring a locked picture into another state; the content check leaves it alone from then on."""
    moved = PictureMoved(
        picture_id=str(picture.id),
        feedback_id=str(picture.feedback_id),
        before=picture.state.value,
        after=state.value,
    )
    picture.state, picture.next_attempt_at = state, None
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=moved.name,
        object_type="feedback_picture",
        object_id=moved.picture_id,
        before={"picture_state": moved.before},
        after={"picture_state": moved.after, "feedback_id": moved.feedback_id},
    )
    events.publish(session, moved)


def lock_feedback(session: Session, feedback_id: UUID) -> Feedback | None:
    """Feedback as last committed, kept from changing until the transaction ends."""
    mine = select(Feedback).where(Feedback.id == feedback_id)
    return session.scalars(mine.with_for_update().execution_options(populate_existing=True)).one_or_none()


def lock_picture(session: Session, picture_id: UUID) -> FeedbackPicture | None:
    """A picture as last committed, kept from changing until the transaction ends."""
    mine = select(FeedbackPicture).where(FeedbackPicture.id == picture_id)
    return session.scalars(mine.with_for_update().execution_options(populate_existing=True)).one_or_none()
