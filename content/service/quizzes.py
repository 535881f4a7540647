"""Attempts at the questions on an article: one a Beijing day is scored, and shows what is right and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content.errors_reading import NoQuiz
from content.models import QuizAttempt, Revision
from content.queries.article import get_shown_article
from content.rules.quiz import Marked, faults_of, mark, questions_of
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import is_sqlite
from miniprogram_api.kernel.errors import Invalid
from miniprogram_api.kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class Attempt:
    """A scored attempt; `is_new` unless it was today's already."""

    taken_at: datetime
    right_answers: int
    questions: int
    answers: list[Marked]
    is_new: bool


def attempt_quiz(
    session: Session,
    article_id: UUID,
    answers: Mapping[str, Collection[str]],
    *,
    member_id: UUID,
    now: datetime,
) -> Attempt:
    """Score today's attempt, or answer the one that was scored today.

    Raises ArticleMissing, ArticleWithdrawn, NoQuiz, or Invalid for answers that are none to the questions.
    """
    _, revision = get_shown_article(session, article_id, now=now)
    questions = questions_of(revision.quiz)
    if not questions:
        raise NoQuiz
    earlier = find_attempt(session, article_id, member_id=member_id, now=now)
    if earlier is not None:
        return earlier
    faults = faults_of(questions, answers)
    if faults:
        raise Invalid(fields=faults)
    marked = mark(questions, answers)
    right_answers = sum(answer.is_right for answer in marked)
    row = {
        "id": new_id(),
        "article_id": article_id,
        "revision_id": revision.id,
        "member_id": member_id,
        "day": beijing_date(now),
        "answers": {answer.question.id: list(answer.chosen) for answer in marked},
        "right_answers": right_answers,
        "questions": len(marked),
        "created_at": now,
    }
    make = (sqlite.insert if is_sqlite(session) else postgresql.insert)(QuizAttempt).values(row)
    once = make.on_conflict_do_nothing(index_elements=["article_id", "member_id", "day"])
    if session.scalar(once.returning(QuizAttempt.id)) is None:
        # Somebody with two phones: the other one was first.
        earlier = find_attempt(session, article_id, member_id=member_id, now=now)
        assert earlier is not None  # noqa: S101  the constraint says so
        return earlier
    return Attempt(now, right_answers, len(marked), marked, is_new=True)


def find_attempt(session: Session, article_id: UUID, *, member_id: UUID, now: datetime) -> Attempt | None:
    """A member's attempt of today, marked by the questions that were asked then."""
    mine = select(QuizAttempt, Revision.quiz).join(Revision, Revision.id == QuizAttempt.revision_id)
    found = session.execute(
        mine.where(
            QuizAttempt.article_id == article_id,
            QuizAttempt.member_id == member_id,
            QuizAttempt.day == beijing_date(now),
        )
    ).one_or_none()
    if found is None:
        return None
    attempt, quiz = found
    marked = mark(questions_of(quiz), attempt.answers)
    return Attempt(attempt.created_at, attempt.right_answers, attempt.questions, marked, is_new=False)
