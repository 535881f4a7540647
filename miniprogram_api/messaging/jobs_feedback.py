"""Tells members what became of their feedback."""

from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.feedback.events import FeedbackAnswered, FeedbackClosed, FeedbackRefused
from miniprogram_api.feedback.queries.told import Told, find_told
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.messaging import rules_feedback as words
from miniprogram_api.messaging.models import MessageKind
from miniprogram_api.messaging.rules import Wording
from miniprogram_api.messaging.service import inbox

Decided = FeedbackAnswered | FeedbackClosed | FeedbackRefused


@subscribe(FeedbackAnswered, name="messaging.tell_of_feedback_answer")
def tell_of_answer(session: Session, event: FeedbackAnswered) -> None:
    """Staff answered; however late this runs, it is their latest words that are told."""
    told = find_told(session, UUID(event.feedback_id))
    if told is not None and told.answer is not None:
        wording = words.answered(
            subject=told.subject, number=told.number, answer=told.answer, corrected=event.corrected
        )
        _leave(session, event, told, MessageKind.FEEDBACK_ANSWERED, wording)


@subscribe(FeedbackRefused, name="messaging.tell_of_feedback_refusal")
def tell_of_refusal(session: Session, event: FeedbackRefused) -> None:
    """It is not dealt with; nothing is told when that was taken back meanwhile."""
    told = find_told(session, UUID(event.feedback_id))
    if told is not None and told.reason is not None:
        wording = words.refused(subject=told.subject, number=told.number, reason=told.reason)
        _leave(session, event, told, MessageKind.FEEDBACK_REFUSED, wording)


@subscribe(FeedbackClosed, name="messaging.tell_of_feedback_end")
def tell_of_end(session: Session, event: FeedbackClosed) -> None:
    """It ended without an answer; nothing is told when that was taken back meanwhile."""
    told = find_told(session, UUID(event.feedback_id))
    if told is not None and told.reason is not None:
        wording = words.closed(subject=told.subject, number=told.number, reason=told.reason)
        _leave(session, event, told, MessageKind.FEEDBACK_CLOSED, wording)


def _leave(session: Session, event: Decided, told: Told, kind: MessageKind, wording: Wording) -> None:
    inbox.tell(
        session,
        member_id=told.member_id,
        kind=kind,
        subject_id=event.feedback_id,
        occasion=event.occasion,
        wording=wording,
        now=clock.now(),
    )
