"""The invariants of content: what is shown was approved as it stands, and counts are what counting gives."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select

from content.models import (
    Article,
    ArticleCount,
    ArticleSite,
    CountChange,
    Decision,
    Favourite,
    Like,
    Placement,
    Plan,
    Read,
    Review,
    Revision,
    Standing,
    Submission,
    SubmissionState,
)

# A text that passed stays passed when another is written.
_PASSED = (SubmissionState.APPROVED, SubmissionState.SUPERSEDED)


def wrongly_shown() -> tuple[Select[Any], ...]:
    """What is live without saying so rightly, or says so without being live."""
    return _live_without_revision(), _hidden_but_listed()


def wrongly_approved() -> tuple[Select[Any], ...]:
    """Texts that passed by too few people, or the wrong ones, or for another text."""
    return _approved_by_too_few(), _approved_by_writer(), _another_text_submitted()


def unreviewed() -> tuple[Select[Any], ...]:
    """What is shown or planned and did not pass."""
    return _live_unapproved(), _planned_unapproved()


def _live_without_revision() -> Select[Any]:
    """Live articles that show no revision of their own, or say something else in lists than it does."""
    own = and_(Revision.id == Article.live_revision_id, Revision.article_id == Article.id)
    says_otherwise = or_(Revision.title != Article.title, Revision.kind != Article.kind)
    return (
        select(Article.id)
        .outerjoin(Revision, own)
        .where(Article.standing == Standing.LIVE, or_(Revision.id.is_(None), says_otherwise))
    )


def _hidden_but_listed() -> Select[Any]:
    """Articles that are not shown and stand under a topic, at a site, or above the others all the same."""
    listed = or_(
        exists().where(Placement.article_id == Article.id),
        exists().where(ArticleSite.article_id == Article.id),
        Article.pinned,
    )
    return select(Article.id).where(Article.standing != Standing.LIVE, listed)


def _approved_by_too_few() -> Select[Any]:
    """Texts that passed without as many reviewers as steps, each another and for their very hash."""
    counted = (
        select(func.count(Review.reviewer_id.distinct()))
        .where(
            Review.submission_id == Submission.id,
            Review.undone_at.is_(None),
            Review.decision == Decision.APPROVED,
            Review.content_hash == Submission.content_hash,
        )
        .correlate(Submission)
        .scalar_subquery()
    )
    return select(Submission.id).where(Submission.state.in_(_PASSED), Submission.approved_steps != counted)


def _approved_by_writer() -> Select[Any]:
    """Texts that were approved by who saved or submitted them."""
    return (
        select(Submission.id)
        .join(Revision, Revision.id == Submission.revision_id)
        .join(Review, Review.submission_id == Submission.id)
        .where(
            Review.undone_at.is_(None),
            Review.decision == Decision.APPROVED,
            or_(Review.reviewer_id == Revision.saved_by, Review.reviewer_id == Submission.submitted_by),
        )
    )


def _another_text_submitted() -> Select[Any]:
    """Submissions whose hash is not their revision's."""
    return (
        select(Submission.id)
        .join(Revision, Revision.id == Submission.revision_id)
        .where(Submission.content_hash != Revision.content_hash)
    )


def _live_unapproved() -> Select[Any]:
    """Live articles whose text did not pass."""
    return (
        select(Article.id)
        .join(Revision, Revision.id == Article.live_revision_id)
        .where(Article.standing == Standing.LIVE, not_(_has_passed()))
    )


def _planned_unapproved() -> Select[Any]:
    """Articles planned for a text that did not pass."""
    return (
        select(Plan.article_id)
        .join(Revision, Revision.id == Plan.revision_id)
        .join(Article, Article.id == Plan.article_id)
        .where(not_(_has_passed()))
    )


def _has_passed() -> ColumnElement[bool]:
    return exists().where(
        Submission.article_id == Article.id,
        Submission.content_hash == Revision.content_hash,
        Submission.approved_steps == Submission.steps,
        Submission.state.in_(_PASSED),
    )


def wrong_counts() -> Select[Any]:
    """Articles whose counts, with the changes that wait, are not what counting their rows gives."""
    forgotten = _counted("forgotten")
    wrong = or_(
        _counted("reads") != _rows(Read) + forgotten,
        _counted("likes") != _rows(Like),
        _counted("favourites") != _rows(Favourite),
    )
    return select(Article.id).outerjoin(ArticleCount, ArticleCount.article_id == Article.id).where(wrong)


def _counted(name: str) -> ColumnElement[int]:
    """What a count will be once the changes that wait are added."""
    waiting = select(func.coalesce(func.sum(getattr(CountChange, name)), 0))
    mine = waiting.where(CountChange.article_id == Article.id).correlate(Article).scalar_subquery()
    return func.coalesce(getattr(ArticleCount, name), 0) + mine


def _rows(model: type[Read | Like | Favourite]) -> ColumnElement[int]:
    counted = select(func.count()).select_from(model).where(model.article_id == Article.id)
    return counted.correlate(Article).scalar_subquery()
