"""The demonstration's articles: the library, an article in every state, and members who have read."""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from config.settings import Settings
from content.library import read_pieces
from content.models import (
    Article,
    ArticleCount,
    ArticleSite,
    Favourite,
    Like,
    Plan,
    QuizAttempt,
    Read,
    Review,
    Revision,
    Standing,
    Submission,
    SubmissionState,
    TopicFollow,
)
from miniprogram_api.devtools.demo_data import load_demo
from miniprogram_api.devtools.demo_data.catalogue import MARK
from miniprogram_api.devtools.demo_data.desk_articles import DESK_ARTICLES, RETURNED_BLOCK
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import reading
from miniprogram_api.sites.models import Site
from tests.conftest import MONDAY
from tests.support.demonstration import copied, load_once

pytestmark = pytest.mark.once

TABLES = (Article, Revision, Submission, Review, Plan, Read, Like, Favourite, QuizAttempt, TopicFollow)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_once(tmp_path_factory, MONDAY)


@pytest.fixture
def demo(installed: Settings, tmp_path: Path, clock: Any) -> Generator[Flask]:
    with copied(installed, tmp_path / "copy") as app:
        yield app


@pytest.fixture
def visitor(demo: Flask) -> FlaskClient:
    return demo.test_client()


def _counts() -> dict[str, int]:
    with reading() as session:
        return {
            table.__tablename__: session.scalars(select(func.count()).select_from(table)).one()
            for table in TABLES
        }


def test_visitors_find_the_library(visitor: FlaskClient) -> None:
    first = visitor.get("/api/v1/articles?limit=50").get_json()
    titles = {item["title"] for item in first["items"]}
    assert {piece.title for piece in read_pieces()} <= titles
    assert all(item["cover"]["url"] for item in first["items"])


def test_every_article_of_the_demonstration_itself_says_so(demo: Flask) -> None:
    assert all(card.title.endswith(MARK) for card in DESK_ARTICLES)


def test_the_desks_have_an_article_in_every_state(demo: Flask) -> None:
    with reading() as session:
        standings = set(session.scalars(select(Article.standing)))
        assert standings == {Standing.DRAFT, Standing.LIVE, Standing.RETRACTED}
        waiting = select(Submission.approved_steps).where(
            Submission.state == SubmissionState.OPEN, Submission.steps == 3
        )
        assert sorted(session.scalars(waiting)) == [0, 1, 2]
        plan = session.scalars(select(Plan)).one()
        assert plan.publish_at == beijing_time(kernel_clock.today() + timedelta(days=1), 8 * 60)
        note = session.scalars(select(Review).where(Review.block.is_not(None))).one()
        assert note.block == RETURNED_BLOCK
        assert note.quote == "用热水冲一下最快。"
        edited = select(Article).where(Article.standing == Standing.LIVE, Article.latest_number > 2)
        newer = select(Revision.id).join(Article, Article.live_revision_id == Revision.id)
        assert session.scalars(newer.where(Revision.number < Article.latest_number)).all()
        assert session.scalars(edited).all() == []


def test_sites_have_articles(demo: Flask) -> None:
    with reading() as session:
        about = select(Site.code, Article.title).join(ArticleSite, ArticleSite.site_id == Site.id)
        rows = session.execute(about.join(Article, Article.id == ArticleSite.article_id)).all()
    tour = next(card for card in DESK_ARTICLES if card.key == "school-tour")
    assert ("CC006", tour.title) in [tuple(row) for row in rows]
    assert len({code for code, _ in rows}) >= 5


def test_members_have_read_liked_kept_followed_and_answered(demo: Flask) -> None:
    with reading() as session:
        for table in (Read, Like, Favourite, QuizAttempt, TopicFollow):
            assert session.scalars(select(func.count()).select_from(table)).one() >= 10
        counted = session.scalars(select(func.sum(ArticleCount.reads))).one()
        assert counted == session.scalars(select(func.count()).select_from(Read)).one()


def test_a_second_start_adds_nothing(demo: Flask) -> None:
    before = _counts()
    load_demo(demo.extensions["settings"])
    assert _counts() == before
