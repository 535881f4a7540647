"""What the demonstration's members made of the articles: read, liked, kept, followed, answered."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.models import Article, Read, Revision, Standing, Topic
from content.rules.quiz import Question, questions_of
from content.service import counting, quizzes, reading
from miniprogram_api.devtools.demo_data.visitors import VisitorCard
from miniprogram_api.identity.models import Member
from miniprogram_api.kernel import clock, crypto
from miniprogram_api.kernel.db import atomic

_MOST_READ, _LIKES, _KEEPS, _ANSWERS, _RIGHT = 9, 0.45, 0.25, 0.4, 0.75


def load_readers(cards: Sequence[VisitorCard]) -> None:
    """Once, as one transaction: where anybody has read anything, nothing is added."""
    now = clock.now()
    with atomic() as session:
        if session.scalars(select(Read.article_id).limit(1)).first() is not None:
            return
        articles = _shown(session)
        shown = select(Topic.id).where(Topic.retired_at.is_(None)).order_by(Topic.position)
        topics = list(session.scalars(shown))
        for number, member_id in enumerate(_members(session, cards)):
            _read(session, member_id, articles, random.Random(number), now)
            if topics and number % 2 == 0:
                topic_id = topics[number // 2 % len(topics)]
                reading.follow_topic(session, topic_id, member_id=member_id, now=now)
        while counting.add_up(session):
            pass


def _shown(session: Session) -> dict[UUID, list[Question]]:
    """The articles that are shown, the newest first, with their questions."""
    live = (
        select(Article.id, Revision.quiz)
        .join(Revision, Revision.id == Article.live_revision_id)
        .where(Article.standing == Standing.LIVE)
        .order_by(Article.published_at.desc(), Article.id)
    )
    return {row.id: questions_of(row.quiz) for row in session.execute(live)}


def _members(session: Session, cards: Sequence[VisitorCard]) -> list[UUID]:
    indexes = [crypto.blind_index(card.openid, purpose="openid") for card in cards]
    found = session.execute(select(Member.openid_index, Member.id).where(Member.openid_index.in_(indexes)))
    ids = {row.openid_index: row.id for row in found}
    return [ids[index] for index in indexes if index in ids]


def _read(
    session: Session,
    member_id: UUID,
    articles: Mapping[UUID, Sequence[Question]],
    chance: random.Random,
    now: datetime,
) -> None:
    for article_id in chance.sample(list(articles), k=min(len(articles), chance.randint(2, _MOST_READ))):
        reading.note_read(session, article_id, member_id=member_id, now=now)
        if chance.random() < _LIKES:
            reading.like(session, article_id, member_id=member_id, now=now)
        if chance.random() < _KEEPS:
            reading.keep(session, article_id, member_id=member_id, now=now)
        if articles[article_id] and chance.random() < _ANSWERS:
            answers = {question.id: _answer(question, chance) for question in articles[article_id]}
            quizzes.attempt_quiz(session, article_id, answers, member_id=member_id, now=now)


def _answer(question: Question, chance: random.Random) -> list[str]:
    """Right more often than not."""
    if chance.random() < _RIGHT:
        return [option.id for option in question.options if option.id in question.right]
    return [chance.choice(question.options).id]
