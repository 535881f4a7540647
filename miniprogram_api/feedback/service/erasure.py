"""When feedback loses its words: two years after its last step, or when its member leaves.

That somebody wrote about a site or an article, when, and what came of it, stays as a fact.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.feedback.events import FeedbackErased
from miniprogram_api.feedback.models import Feedback, FeedbackPicture, FeedbackState
from miniprogram_api.feedback.queries.sealed import read_sealed, seal
from miniprogram_api.feedback.queries.shown import Subject, subjects_of
from miniprogram_api.feedback.rules import KEPT, PICTURE_LIFE, UNENDED
from miniprogram_api.feedback.service.moving import move
from miniprogram_api.identity.personal_data import contributes, instant
from miniprogram_api.kernel import audit, events, files
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import after_commit

BATCH = 200


def sweep_pictures(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Forget pictures that no feedback named within a day; returns how many."""
    unused = select(FeedbackPicture).where(
        FeedbackPicture.feedback_id.is_(None), FeedbackPicture.uploaded_at <= now - PICTURE_LIFE
    )
    ordered = unused.order_by(FeedbackPicture.id).limit(limit)
    due = session.scalars(ordered.with_for_update(skip_locked=True)).all()
    _remove(session, due)
    return len(due)


def erase_due(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Erase the words of feedback whose time is over; returns how many."""
    over = select(Feedback).where(
        Feedback.erased_at.is_(None), Feedback.state_at <= now - KEPT, Feedback.state.not_in(UNENDED)
    )
    due = session.scalars(over.order_by(Feedback.id).limit(limit).with_for_update(skip_locked=True)).all()
    _erase(session, due, now=now)
    if due:
        erased = FeedbackErased(count=len(due))
        audit.record(
            session,
            actor=SYSTEM,
            action=erased.name,
            object_type="feedback",
            object_id="retention",
            after={"feedback_ids": [str(feedback.id) for feedback in due]},
        )
        events.publish(session, erased)
    return len(due)


@contributes("feedback")
class FeedbackOfMember:
    """What a member wrote about articles and sites, and what was answered."""

    @staticmethod
    def export(session: Session, member_id: UUID) -> dict[str, Any]:
        mine = select(Feedback).where(Feedback.member_id == member_id)
        found = session.scalars(mine.order_by(Feedback.sent_at, Feedback.id)).all()
        subjects = subjects_of(session, found)
        pictures = select(FeedbackPicture).where(FeedbackPicture.member_id == member_id)
        return {
            "items": [_export(feedback, subjects[feedback.id]) for feedback in found],
            "pictures": [
                {
                    "id": str(picture.id),
                    "uploaded_at": instant(picture.uploaded_at),
                    "sha256": picture.sha256,
                    "state": picture.state.value,
                }
                for picture in session.scalars(pictures.order_by(FeedbackPicture.uploaded_at))
            ],
        }

    @staticmethod
    def erase(session: Session, member_id: UUID, now: datetime) -> None:
        mine = select(Feedback).where(Feedback.member_id == member_id).order_by(Feedback.id)
        found = session.scalars(mine.with_for_update()).all()
        for feedback in found:
            if feedback.state in UNENDED:
                move(session, feedback, FeedbackState.DROPPED, actor=SYSTEM, now=now)
        _erase(session, [feedback for feedback in found if feedback.erased_at is None], now=now)
        left = select(FeedbackPicture).where(FeedbackPicture.member_id == member_id)
        _remove(session, session.scalars(left).all())


def _erase(session: Session, found: Sequence[Feedback], *, now: datetime) -> None:
    for feedback in found:
        for field in ("text", "reason", "answer"):
            seal(feedback, field, None)
        feedback.erased_at = now
    session.flush()
    theirs = select(FeedbackPicture).where(FeedbackPicture.feedback_id.in_([each.id for each in found]))
    _remove(session, session.scalars(theirs).all())


def _remove(session: Session, pictures: Sequence[FeedbackPicture]) -> None:
    """The rows now, the files once that is certain."""
    store = files.private()
    for picture in pictures:
        session.delete(picture)
        after_commit(session, partial(store.delete, picture.file_name))
    session.flush()


def _export(feedback: Feedback, subject: Subject) -> dict[str, Any]:
    return {
        "number": feedback.number,
        "about": {"type": subject.type.value, "id": str(subject.id), "name": subject.name},
        "kind": None if feedback.kind is None else feedback.kind.value,
        "state": feedback.state.value,
        "text": read_sealed(feedback, "text"),
        "sent_at": instant(feedback.sent_at),
        "answer": read_sealed(feedback, "answer"),
        "answered_at": instant(feedback.answered_at),
        "reason": read_sealed(feedback, "reason"),
    }
