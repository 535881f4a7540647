"""Where the review of an article stands."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from content.models import Article, Review, Revision, Submission, SubmissionState

STANDING = (SubmissionState.OPEN, SubmissionState.APPROVED)
# A text that passed stays passed when another is written; taken back by people, it does not.
PASSED = (SubmissionState.APPROVED, SubmissionState.SUPERSEDED)


def find_standing_submission(session: Session, article_id: UUID) -> Submission | None:
    """The text of an article that is under review or approved."""
    standing = (Submission.article_id == article_id, Submission.state.in_(STANDING))
    return session.scalars(select(Submission).where(*standing)).one_or_none()


def find_last_submission(session: Session, article_id: UUID) -> Submission | None:
    """The text that was put forward last, whatever became of it."""
    newest = select(Submission).where(Submission.article_id == article_id).order_by(Submission.id.desc())
    return session.scalars(newest.limit(1)).one_or_none()


def has_passed(session: Session, article_id: UUID, content_hash: str) -> bool:
    """Whether a text of an article went through all steps of a review, which nobody has taken back."""
    passed = select(Submission.id).where(
        Submission.article_id == article_id,
        Submission.content_hash == content_hash,
        Submission.approved_steps == Submission.steps,
        Submission.state.in_(PASSED),
    )
    return session.scalars(passed.limit(1)).one_or_none() is not None


def list_decisions(session: Session, submission_id: UUID) -> list[Review]:
    """What was decided about a text and not taken back, in order."""
    decided = select(Review).where(Review.submission_id == submission_id, Review.undone_at.is_(None))
    return list(session.scalars(decided.order_by(Review.decided_at, Review.id)))


def is_part_of(
    saved: type[Revision], article_id: Any, *, last: SQLColumnExpression[int], shown: SQLColumnExpression[int]
) -> ColumnElement[bool]:
    """Whether a revision has a part in an article's text numbered `last`, where `shown` is live, 0: nothing.

    All since the live one have. When one of those brought back a text from before it, so have all up to that
    text, and with them whatever was brought back there.
    """
    bringing = aliased(Revision)
    brought = (
        select(func.max(bringing.restored_from))
        .where(
            bringing.article_id == article_id,
            bringing.number <= last,
            bringing.number > shown,
            bringing.restored_from < shown,
        )
        .correlate_except(bringing)
        .scalar_subquery()
    )
    own = and_(saved.article_id == article_id, saved.number <= last)
    return and_(own, or_(saved.number > shown, saved.number <= func.coalesce(brought, 0)))


def writers_of(session: Session, article: Article, submission: Submission) -> set[UUID]:
    """Who had a part in a text: its author, who saved any of it since it was last shown or of an earlier text
    that was brought back, who submitted it.
    """
    submitted, live = aliased(Revision), aliased(Revision)
    last = select(submitted.number).where(submitted.id == submission.revision_id).scalar_subquery()
    shown = select(live.number).where(live.id == article.live_revision_id).scalar_subquery()
    saved = select(Revision.saved_by).where(
        is_part_of(Revision, article.id, last=last, shown=func.coalesce(shown, 0))
    )
    return {*session.scalars(saved.distinct()), article.owner_id, submission.submitted_by}
