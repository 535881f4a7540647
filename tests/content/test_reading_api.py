"""What members do with articles over HTTP: each act once, counts that follow, nobody waiting, no trail."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from content.jobs.reading import add_up_counts, forget_reads
from content.models import (
    Article,
    ArticleCount,
    CountChange,
    Favourite,
    Like,
    QuizAttempt,
    Read,
    SiteDay,
    Standing,
    TopicFollow,
)
from content.service import counting
from content.service import reading as acts
from miniprogram_api.identity.personal_data import holders
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.content.conftest import Reader
from tests.factories.articles import QUIZ, make_article, make_topic
from tests.factories.content import make_asset
from tests.factories.members import make_member
from tests.factories.sites import make_site
from tests.support.problems import assert_problem
from tests.support.races import at_once
from tests.support.statements import statements

ACTS = ("read", "like", "unlike", "favourite", "unfavourite")


@pytest.fixture
def article(app: Flask, clock: Clock) -> Article:
    with atomic() as session:
        return make_article(session)


def act(reader: Reader, article: Article, what: str) -> dict[str, Any]:
    answer = reader.post(f"/api/v1/articles/{article.id}/{what}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def counts_of(article: Article) -> tuple[int, int, int]:
    """Once the sweep has been by."""
    add_up_counts()
    with reading() as session:
        found = session.get(ArticleCount, article.id)
    return (found.reads, found.likes, found.favourites) if found else (0, 0, 0)


def rows(model: Any) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


class TestActs:
    def test_each_may_be_repeated_and_counts_once(self, reader: Reader, article: Article) -> None:
        for what in ("read", "read", "like", "like", "favourite", "favourite"):
            told = act(reader, article, what)
        assert told == {"read_today": True, "liked": True, "favourited": True}
        assert counts_of(article) == (1, 1, 1)
        for what in ("unlike", "unlike", "unfavourite", "unfavourite"):
            told = act(reader, article, what)
        assert told == {"read_today": True, "liked": False, "favourited": False}
        assert counts_of(article) == (1, 0, 0)

    def test_a_reader_counts_once_a_beijing_day(
        self, reader: Reader, reader_named: Callable[[str], Reader], article: Article, clock: Clock
    ) -> None:
        act(reader, article, "read")
        act(reader_named("bob"), article, "read")
        assert counts_of(article) == (2, 0, 0)
        clock.advance(hours=13, minutes=59)  # a minute before midnight
        act(reader_named("alice"), article, "read")
        assert counts_of(article) == (2, 0, 0)
        clock.advance(minutes=1)
        act(reader_named("alice"), article, "read")
        assert counts_of(article) == (3, 0, 0)

    def test_counts_are_shown_on_the_page(
        self, client: FlaskClient, reader: Reader, article: Article, fresh: Callable[[], None]
    ) -> None:
        for what in ("read", "like"):
            act(reader, article, what)
        add_up_counts()
        fresh()
        page = client.get(f"/api/v1/articles/{article.id}").get_json()
        assert page["counts"] == {"reads": 1, "likes": 1, "favourites": 0}

    @pytest.mark.parametrize("what", ACTS)
    def test_there_is_nothing_to_do_with_what_was_never_shown(
        self, reader: Reader, clock: Clock, what: str
    ) -> None:
        with atomic() as session:
            draft = make_article(session, standing=Standing.DRAFT, live_revision_id=None)
        for article_id in (draft.id, new_id(), "x"):
            answer = reader.post(f"/api/v1/articles/{article_id}/{what}")
            assert_problem(answer, 404, "content.article_not_found")

    def test_what_is_withdrawn_can_only_be_let_go(self, reader: Reader, article: Article) -> None:
        for what in ("like", "favourite"):
            act(reader, article, what)
        with atomic() as session:
            session.get_one(Article, article.id).standing = Standing.RETRACTED
        for what in ("read", "like", "favourite"):
            answer = reader.post(f"/api/v1/articles/{article.id}/{what}")
            assert_problem(answer, 410, "content.article_withdrawn")
        for what in ("unlike", "unfavourite"):
            act(reader, article, what)
        assert counts_of(article) == (0, 0, 0)

    def test_nobody_reads_unseen(self, client: FlaskClient, article: Article) -> None:
        for what in (*ACTS, "quiz-attempts"):
            assert client.post(f"/api/v1/articles/{article.id}/{what}").status_code == 401

    def test_reading_leaves_no_trail(self, reader: Reader, article: Article) -> None:
        before = rows(AuditRow), rows(EventRow)
        for what in ACTS:
            act(reader, article, what)
        assert (rows(AuditRow), rows(EventRow)) == before

    def test_an_act_takes_few_statements(self, reader: Reader, article: Article) -> None:
        act(reader, article, "like")
        with statements() as sent:
            act(reader, article, "read")
        of_content = [one for one in sent if "content_" in one]
        assert len(of_content) == 4
        assert not any("UPDATE content_articles" in one or "FOR UPDATE" in one for one in sent)


class TestFavourites:
    def favourites(self, reader: Reader, **query: Any) -> dict[str, Any]:
        answer = reader.get("/api/v1/me/favourites", query_string=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def test_the_latest_comes_first_page_by_page(self, reader: Reader, clock: Clock) -> None:
        for number in range(3):
            clock.advance(minutes=1)
            with atomic() as session:
                article = make_article(session, title=f"{number}")
            act(reader, article, "favourite")
        first = self.favourites(reader, limit=2)
        second = self.favourites(reader, limit=2, cursor=first["next_cursor"])
        listed = first["items"] + second["items"]
        assert [item["article"]["title"] for item in listed] == ["2", "1", "0"]
        assert second["next_cursor"] is None
        assert listed[0]["favourited_at"] == "2026-11-23T10:03:00+08:00"

    def test_what_is_shown_no_longer_stays_and_says_so(self, reader: Reader, article: Article) -> None:
        act(reader, article, "favourite")
        assert [item["is_shown"] for item in self.favourites(reader)["items"]] == [True]
        with atomic() as session:
            session.get_one(Article, article.id).standing = Standing.RETRACTED
        (withdrawn,) = self.favourites(reader)["items"]
        assert withdrawn["is_shown"] is False
        assert withdrawn["article"]["title"] == article.title

    def test_what_is_withdrawn_is_not_told_by_its_summary_or_its_cover(
        self, reader: Reader, article: Article
    ) -> None:
        act(reader, article, "favourite")
        with atomic() as session:
            kept = session.get_one(Article, article.id)
            kept.cover_asset_id = make_asset(session).id
        before = self.favourites(reader)["items"][0]["article"]
        assert before["summary"]
        assert before["cover"]
        with atomic() as session:
            session.get_one(Article, article.id).standing = Standing.RETRACTED
        after = self.favourites(reader)["items"][0]["article"]
        assert (after["summary"], after["cover"]) == ("", None)

    def test_nobody_sees_those_of_others(
        self, reader: Reader, reader_named: Callable[[str], Reader], article: Article
    ) -> None:
        act(reader, article, "favourite")
        assert self.favourites(reader_named("bob"))["items"] == []

    def test_a_page_takes_the_same_statements_however_many_there_are(
        self, reader: Reader, clock: Clock
    ) -> None:
        counts = []
        for number in (1, 20):
            with atomic() as session:
                for _ in range(number):
                    article = make_article(session)
                    acts.keep(session, article.id, member_id=reader.id, now=clock.now)
            with statements() as sent:
                self.favourites(reader, limit=100)
            counts.append(len(sent))
        assert counts[0] == counts[1]


class TestCounting:
    def test_what_is_added_up_is_added_up_once(self, reader: Reader, article: Article) -> None:
        act(reader, article, "like")
        assert counts_of(article) == counts_of(article) == (0, 1, 0)
        assert rows(CountChange) == 0

    def test_taking_back_more_than_is_waiting_is_no_trouble(self, reader: Reader, article: Article) -> None:
        act(reader, article, "like")
        assert counts_of(article) == (0, 1, 0)
        act(reader, article, "unlike")
        assert counts_of(article) == (0, 0, 0)

    def test_batches_come_to_the_same(
        self, app: Flask, clock: Clock, article: Article, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with atomic() as session:
            for _ in range(7):
                member = make_member(session)
                acts.note_read(session, article.id, member_id=member.id, now=clock.now)
            assert counting.add_up(session, limit=3) == 3
        assert counts_of(article) == (7, 0, 0)

    def test_many_at_once_on_one_article_are_all_counted(
        self, app: Flask, clock: Clock, article: Article
    ) -> None:
        """Ten members, each thrice, while two sweeps go on."""
        with atomic() as session:
            members = [make_member(session).id for _ in range(10)]
        now = clock.now

        def reads(member_id: UUID) -> None:
            with atomic() as session:
                acts.note_read(session, article.id, member_id=member_id, now=now)
            with atomic() as session:
                acts.like(session, article.id, member_id=member_id, now=now)

        runs: list[Callable[[], None]] = [lambda member=member: reads(member) for member in members * 3]
        runs += [add_up_counts] * 2
        at_once(app, runs, threads=8)
        assert counts_of(article) == (10, 10, 0)
        assert rows(Read) == rows(Like) == 10

    def test_sweeps_that_meet_count_nothing_twice(self, app: Flask, clock: Clock) -> None:
        with atomic() as session:
            articles = [make_article(session) for _ in range(3)]
            for article in articles:
                for _ in range(5):
                    acts.note_read(session, article.id, member_id=make_member(session).id, now=clock.now)
        at_once(app, [add_up_counts] * 4)
        assert [counts_of(article) for article in articles] == [(5, 0, 0)] * 3


class TestWaiting:
    """Nobody who reads waits for somebody who edits, or the other way round."""

    @pytest.fixture(autouse=True)
    def _on_postgres(self, on_postgres: bool) -> None:
        if not on_postgres:
            pytest.skip("SQLite's writers come one by one whatever they write")

    def _while_locked(self, article: Article, run: Callable[[Session], None]) -> None:
        """Run something while an editor has the article, as the desk locks it."""
        with db.engine.connect() as editor, editor.begin():
            editor.execute(
                text("SELECT id FROM content_articles WHERE id = :id FOR NO KEY UPDATE"), {"id": article.id}
            )
            with atomic() as session:
                session.execute(text("SET LOCAL lock_timeout = '300ms'"))
                run(session)

    def test_a_reader_does_not_wait_for_an_editor(
        self, app: Flask, clock: Clock, reader: Reader, article: Article
    ) -> None:
        def read(session: Session) -> None:
            acts.note_read(session, article.id, member_id=reader.id, now=clock.now)
            acts.like(session, article.id, member_id=reader.id, now=clock.now)

        self._while_locked(article, read)
        assert counts_of(article) == (1, 1, 0)

    def test_a_counter_on_the_article_would_wait(self, app: Flask, clock: Clock, article: Article) -> None:
        """The positive control: what is not done here."""

        def count(session: Session) -> None:
            session.execute(
                update(Article).where(Article.id == article.id).values(latest_number=Article.latest_number)
            )

        with pytest.raises(OperationalError):
            self._while_locked(article, count)

    def test_readers_do_not_wait_for_one_another(self, app: Flask, clock: Clock, article: Article) -> None:
        """All are in their transactions at the same time, and each got through before any ended."""
        with atomic() as session:
            members = [make_member(session).id for _ in range(4)]
        together = threading.Barrier(len(members))

        def read(member_id: UUID) -> None:
            with atomic() as session:
                acts.note_read(session, article.id, member_id=member_id, now=clock.now)
                together.wait(timeout=10)

        at_once(app, [lambda member=member: read(member) for member in members])
        assert counts_of(article) == (4, 0, 0)


class TestForgetting:
    def test_reads_of_long_ago_are_forgotten_and_stay_counted(
        self, reader: Reader, article: Article, clock: Clock, reader_named: Callable[[str], Reader]
    ) -> None:
        act(reader, article, "read")
        clock.advance(days=181)
        act(reader_named("alice"), article, "read")
        forget_reads()
        assert rows(Read) == 1
        assert counts_of(article) == (2, 0, 0)
        with reading() as session:
            assert session.get_one(ArticleCount, article.id).forgotten == 1

    def test_a_member_takes_along_what_they_did(self, reader: Reader, clock: Clock) -> None:
        with atomic() as session:
            article = make_article(session, quiz=QUIZ[:1])
            topic = make_topic(session)
        for what in ("read", "like", "favourite"):
            act(reader, article, what)
        assert reader.post(f"/api/v1/topics/{topic.id}/follow").status_code == 200
        answered = {"answers": {"q1": ["a"]}}
        assert reader.post(f"/api/v1/articles/{article.id}/quiz-attempts", json=answered).status_code == 201
        assert counts_of(article) == (1, 1, 1)
        with atomic() as session:
            told = holders()["reading"].export(session, reader.id)
            holders()["reading"].erase(session, reader.id, clock.now)
            holders()["reading"].erase(session, reader.id, clock.now)
        at = "2026-11-23T10:00:00+08:00"
        assert told == {
            "reads": [{"title": article.title, "on": "2026-11-23"}],
            "likes": [{"title": article.title, "at": at}],
            "favourites": [{"title": article.title, "at": at}],
            "topics": [{"name": topic.name, "at": at}],
            "quizzes": [
                {
                    "title": article.title,
                    "at": at,
                    "right_answers": 1,
                    "questions": 1,
                    "answers": {"q1": ["a"]},
                }
            ],
        }
        for model in (Read, Like, Favourite, TopicFollow, QuizAttempt):
            assert rows(model) == 0
        assert counts_of(article) == (1, 0, 0)

    def test_the_export_over_http_holds_it(self, reader: Reader, article: Article) -> None:
        act(reader, article, "favourite")
        answer = reader.get("/api/v1/me/export")
        assert answer.status_code == 200, answer.text
        assert article.title in answer.text


class TestSites:
    def test_reads_count_for_the_sites_an_article_is_about(
        self, reader: Reader, clock: Clock, reader_named: Callable[[str], Reader]
    ) -> None:
        with atomic() as session:
            one, two = make_site(session), make_site(session)
            article = make_article(session, site_ids=[one.id, two.id])
            other = make_article(session, site_ids=[two.id])
        act(reader, article, "read")
        act(reader_named("bob"), article, "read")
        act(reader, other, "read")
        act(reader, other, "like")
        add_up_counts()
        with reading() as session:
            days = {(day.site_id, day.day): day.reads for day in session.scalars(select(SiteDay))}
        today = (clock.now + timedelta(hours=8)).date()
        assert days == {(one.id, today): 2, (two.id, today): 3}
