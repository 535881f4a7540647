"""Questions on an article over HTTP: scored once a Beijing day, answered with what is right and why."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from content.models import Article, QuizAttempt, Revision
from content.rules.quiz import faults_of, mark, questions_of
from content.service import quizzes
from miniprogram_api.kernel.db import atomic, reading
from tests.conftest import Clock
from tests.content.conftest import Reader
from tests.factories.articles import QUIZ, make_article
from tests.support.problems import assert_problem
from tests.support.races import at_once

RIGHT = {"q1": ["a"], "q2": ["b", "a"]}


@pytest.fixture
def article(app: Flask, clock: Clock) -> Article:
    with atomic() as session:
        return make_article(session, quiz=QUIZ)


def answer(reader: Reader, article: Article, answers: Any) -> Any:
    return reader.post(f"/api/v1/articles/{article.id}/quiz-attempts", json={"answers": answers})


def test_an_attempt_is_scored_and_shows_what_is_right_and_why(reader: Reader, article: Article) -> None:
    told = answer(reader, article, RIGHT | {"q1": ["b"]})
    assert told.status_code == 201, told.text
    body = told.get_json()
    assert (body["right_answers"], body["questions"], body["taken_at"]) == (1, 2, "2026-11-23T10:00:00+08:00")
    first, second = body["answers"]
    assert first == {
        "id": "q1",
        "text": QUIZ[0]["text"],
        "several": False,
        "options": QUIZ[0]["options"],
        "chosen": ["b"],
        "right": ["a"],
        "is_right": False,
        "explanation": QUIZ[0]["explanation"],
    }
    assert (second["chosen"], second["right"], second["is_right"]) == (["a", "b"], ["a", "b"], True)


def test_a_second_attempt_of_the_day_answers_the_first(reader: Reader, article: Article) -> None:
    first = answer(reader, article, RIGHT).get_json()
    problem = assert_problem(
        answer(reader, article, {"q1": ["b"], "q2": ["c"]}), 409, "content.quiz_taken_today"
    )
    assert problem["params"]["attempt"] == first
    assert first["right_answers"] == 2


def test_tomorrow_there_is_another(
    reader: Reader, reader_named: Callable[[str], Reader], article: Article, clock: Clock
) -> None:
    assert answer(reader, article, RIGHT).status_code == 201
    clock.advance(hours=14)
    assert answer(reader_named("alice"), article, RIGHT).status_code == 201


def test_what_one_answered_today_is_found_again(
    reader: Reader, reader_named: Callable[[str], Reader], article: Article
) -> None:
    address = f"/api/v1/articles/{article.id}/mine"
    assert reader.get(address).get_json()["quiz"] is None
    first = answer(reader, article, RIGHT).get_json()
    mine = reader.get(address).get_json()
    assert mine == {"read_today": False, "liked": False, "favourited": False, "quiz": first}
    assert reader_named("bob").get(address).get_json()["quiz"] is None


def test_an_attempt_stays_marked_by_the_questions_that_were_asked(reader: Reader, article: Article) -> None:
    first = answer(reader, article, RIGHT).get_json()
    with atomic() as session:
        other = make_article(session, quiz=QUIZ[:1])
        session.get_one(Article, article.id).live_revision_id = other.live_revision_id
    assert reader.get(f"/api/v1/articles/{article.id}/mine").get_json()["quiz"] == first


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"q1": ["a"]}, "answers.q2"),
        (RIGHT | {"q3": ["a"]}, "answers.q3"),
        (RIGHT | {"q1": ["z"]}, "answers.q1"),
        (RIGHT | {"q1": []}, "answers.q1"),
        (RIGHT | {"q2": ["a", "a"]}, "answers.q2"),
    ],
)
def test_answers_that_are_none_are_refused_and_cost_nothing(
    reader: Reader, article: Article, answers: Any, field: str
) -> None:
    problem = assert_problem(answer(reader, article, answers), 422, "request.invalid")
    assert [wrong["field"] for wrong in problem["errors"]] == [field]
    assert answer(reader, article, RIGHT).status_code == 201


@pytest.mark.parametrize("answers", [None, {}, [], "a", {"q1": "a"}, {"q1": [1]}, {"q1": [None]}])
def test_what_is_no_answer_is_refused(reader: Reader, article: Article, answers: Any) -> None:
    assert answer(reader, article, answers).status_code == 422


def test_an_article_without_questions_asks_nothing(reader: Reader, clock: Clock) -> None:
    with atomic() as session:
        bare = make_article(session)
    assert_problem(answer(reader, bare, RIGHT), 404, "content.no_quiz")


def test_of_attempts_at_once_one_is_scored(
    app: Flask, reader: Reader, article: Article, clock: Clock
) -> None:
    def attempt(answers: dict[str, list[str]]) -> bool:
        with atomic() as session:
            made = quizzes.attempt_quiz(session, article.id, answers, member_id=reader.id, now=clock.now)
            return made.is_new

    wishes = [RIGHT, {"q1": ["b"], "q2": ["c"]}] * 3
    scored = at_once(app, [lambda wish=wish: attempt(wish) for wish in wishes])
    assert scored.count(True) == 1
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(QuizAttempt)) == 1


class TestMarking:
    def test_a_question_is_right_with_exactly_the_right_options(self) -> None:
        questions = questions_of(QUIZ)
        for chosen, right in ((["a", "b"], True), (["a"], False), (["a", "b", "c"], False)):
            *_, marked = mark(questions, {"q1": ["a"], "q2": chosen})
            assert marked.is_right is right

    def test_the_order_of_answers_says_nothing(self) -> None:
        questions = questions_of(QUIZ)
        assert mark(questions, RIGHT) == mark(questions, {"q2": ["a", "b"], "q1": ["a"]})
        assert faults_of(questions, RIGHT) == []


def test_the_questions_are_those_of_the_text_that_is_shown(reader: Reader, article: Article) -> None:
    with atomic() as session:
        revision = session.get_one(Revision, article.live_revision_id)
        assert [question.id for question in questions_of(revision.quiz)] == ["q1", "q2"]
