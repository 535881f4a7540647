"""Ways to break what must hold of articles, each in the transaction of a vandal."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from content.models import (
    Article,
    ArticleCount,
    Placement,
    Review,
    Revision,
    Standing,
    Submission,
    SubmissionState,
)
from miniprogram_api.kernel.clock import now as clock_now
from tests.factories.content import make_topic
from tests.support.publishing import (
    approved_article,
    make_desk,
    publish_article,
    schedule,
)


def _live(vandal: Any) -> UUID:
    with Session(vandal.connection) as session:
        return publish_article(session, topics=[make_topic(session).id]).id


def show_anothers_revision(vandal: Any, _world: Any) -> UUID:
    one, other = _live(vandal), _live(vandal)
    revision = vandal.one(select(Revision.id).where(Revision.article_id == other))
    vandal.set(Article, Article.id == one, live_revision_id=revision)
    return one


def list_another_title(vandal: Any, _world: Any) -> UUID:
    article_id = _live(vandal)
    vandal.set(Article, Article.id == article_id, title="没有审过的标题")
    return article_id


def hide_halfway(vandal: Any, _world: Any) -> UUID:
    article_id = _live(vandal)
    assert vandal.one(select(Placement.topic_id).where(Placement.article_id == article_id))
    vandal.set(Article, Article.id == article_id, standing=Standing.RETRACTED)
    return article_id


def lose_a_reviewer(vandal: Any, _world: Any) -> Any:
    article_id = _live(vandal)
    submission = vandal.one(select(Submission.id).where(Submission.article_id == article_id))
    vandal.connection.execute(delete(Review).where(Review.submission_id == submission))
    return submission


def approve_another_hash(vandal: Any, _world: Any) -> Any:
    article_id = _live(vandal)
    submission = vandal.one(select(Submission.id).where(Submission.article_id == article_id))
    vandal.set(Review, Review.submission_id == submission, content_hash="0" * 64)
    return submission


def approve_ones_own(vandal: Any, _world: Any) -> Any:
    article_id = _live(vandal)
    submission = vandal.one(select(Submission.id).where(Submission.article_id == article_id))
    writer = vandal.one(select(Revision.saved_by).where(Revision.article_id == article_id))
    vandal.set(Review, Review.submission_id == submission, reviewer_id=writer)
    return submission


def submit_another_hash(vandal: Any, _world: Any) -> Any:
    article_id = _live(vandal)
    submission = vandal.one(select(Submission.id).where(Submission.article_id == article_id))
    vandal.set(Submission, Submission.id == submission, content_hash="0" * 64)
    return submission


def show_what_nobody_passed(vandal: Any, _world: Any) -> UUID:
    article_id = _live(vandal)
    vandal.set(Submission, Submission.article_id == article_id, state=SubmissionState.WITHDRAWN)
    return article_id


def change_what_is_shown(vandal: Any, _world: Any) -> UUID:
    article_id = _live(vandal)
    vandal.set(Revision, Revision.article_id == article_id, content_hash="0" * 64)
    return article_id


def plan_what_nobody_passed(vandal: Any, _world: Any) -> UUID:
    with Session(vandal.connection) as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        schedule(session, desk, article, clock_now() + timedelta(days=1))
        article_id = article.id
    vandal.set(Submission, Submission.article_id == article_id, state=SubmissionState.RETURNED)
    return article_id


def invent_a_reader(vandal: Any, _world: Any) -> UUID:
    article_id = _live(vandal)
    vandal.connection.execute(
        ArticleCount.__table__.insert().values(
            article_id=article_id, reads=1, likes=0, favourites=0, forgotten=0
        )
    )
    return article_id


CONTENT_BREAKAGES = [
    ("I18", show_anothers_revision),
    ("I18", list_another_title),
    ("I18", hide_halfway),
    ("I19", lose_a_reviewer),
    ("I19", approve_another_hash),
    ("I19", approve_ones_own),
    ("I19", submit_another_hash),
    ("I20", show_what_nobody_passed),
    ("I20", change_what_is_shown),
    ("I20", plan_what_nobody_passed),
    ("I21", invent_a_reader),
]
