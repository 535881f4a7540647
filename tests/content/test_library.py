"""The starting library: every article fit to print, put in by people, once, and never over their work."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from content import library, rendering
from content.library import LibraryRefused, Piece, Team, loading, read_pieces, read_topics
from content.library.pieces import FOLDER
from content.models import Article, ArticleKind, Asset, Review, Revision, Standing, Topic, WordList
from content.rules.checklist import Known, checklist
from content.rules.drafts import Draft
from content.rules.quiz_checks import malformed
from content.service import words
from content.service.drafting import draft_of, save_revision
from content.service.managed import latest_revision
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading
from tests.conftest import Clock
from tests.factories.staff import make_staff

PIECES = read_pieces()
PICTURE = "00000000-0000-4000-8000-000000000000"
EACH = pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.key)

# What this service never promises, and machine-made Chinese.
UNSAID = re.compile(
    r"carbon credit|碳积分|积分兑换|兑换奖|现金奖励|碳币|必将|赋能|抓手|闭环|众所周知|总而言之|综上所述|"
    r"作为一个|让我们一起|助力打造|国内首|全国第一|最好的城市",
    re.IGNORECASE,
)
# A half-width sign between Chinese characters is a slip.
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!()][\u4e00-\u9fff]?|[\u4e00-\u9fff]\.(?!\w)")
# Markdown that was not understood, as bold beside a full-width bracket is not.
LEFT_OVER = re.compile(r"\*\*|\]\(|\[!|`|\||^#|^>", re.MULTILINE)
PLAN = "《长春市低碳排放示范区建设实施方案》"
# Words for which the library has another one, and a sign that stands between no two titles.
OTHER_TERMS = re.compile(r"水银温度计|电网因子|送水温度|》、《")
TWICE = re.compile(r"([的了是在和与及])\1(?!确)")


def _body(piece: Piece) -> dict[str, object]:
    return piece.body(dict.fromkeys((figure.name for figure in (piece.cover, *piece.figures)), PICTURE))


def _draft(piece: Piece) -> Draft:
    return Draft(
        title=piece.title,
        kind=piece.kind,
        summary=piece.summary,
        body=_body(piece),
        cover_asset_id=PICTURE,
        source_name=piece.source_name,
        source_url=piece.source_url,
        quiz=piece.quiz,
    )


def _words(piece: Piece) -> str:
    quiz = [
        text
        for question in piece.quiz
        for text in (question["text"], question["explanation"], *(o["text"] for o in question["options"]))
    ]
    alts = [text for figure in (piece.cover, *piece.figures) for text in (figure.alt, figure.caption)]
    return "\n".join([piece.title, piece.summary, rendering.to_text(_body(piece)), *quiz, *alts])


def test_there_are_enough_of_each_kind() -> None:
    kinds = Counter(piece.kind for piece in PIECES)
    assert len(PIECES) >= 24
    assert kinds[ArticleKind.KNOWLEDGE] >= 14
    assert kinds[ArticleKind.TECHNOLOGY] >= 7
    assert kinds[ArticleKind.NEWS] >= 3
    assert sum(2 <= len(piece.quiz) <= 4 for piece in PIECES) >= 8
    assert len({piece.title for piece in PIECES}) == len(PIECES) == len({piece.order for piece in PIECES})


@EACH
def test_an_article_lacks_nothing_that_review_asks_for(piece: Piece) -> None:
    rendering.validate(_body(piece))
    keys = [str(other.id) for other in PIECES]
    assert checklist(_draft(piece), Known(pictures={PICTURE: "插画"}, article_ids=keys)) == []
    assert malformed(piece.quiz) == []
    assert piece.source_name
    assert 600 <= rendering.characters(_body(piece)) <= 1500
    assert len(piece.title) <= 30
    assert 20 <= len(piece.summary) <= 100


@EACH
def test_an_article_is_laid_out_and_leads_on(piece: Piece) -> None:
    body = _body(piece)
    assert len(rendering.outline(body)) >= 3
    kinds = {block["type"] for block in body["content"]}  # type: ignore[attr-defined]
    assert kinds & {"bulletList", "orderedList", "table"}
    assert "callout" in kinds
    assert len({link.id for link in rendering.link_targets(body)}) >= 1
    assert set(piece.topics) <= {topic.key for topic in read_topics()}
    assert piece.topics


@EACH
def test_an_article_is_clean_chinese(piece: Piece) -> None:
    words = _words(piece)
    for slip in (UNSAID, HALF_WIDTH, LEFT_OVER, TWICE):
        assert slip.findall(words) == []
    assert words.count("“") == words.count("”")
    assert words.count("《") == words.count("》")
    assert words.count("（") == words.count("）")


@EACH
def test_the_plan_is_named_before_it_is_called_so_for_short(piece: Piece) -> None:
    said = rendering.to_text(_body(piece))
    first = re.search(r"(?<!创建)方案", said)
    assert first is None or said[: first.end() + 1].endswith(PLAN)


@EACH
def test_a_term_is_the_same_everywhere(piece: Piece) -> None:
    assert OTHER_TERMS.findall(f"{_words(piece)}\n{piece.source_name}") == []


def test_who_looks_for_inclusive_credits_learns_that_these_are_none() -> None:
    (piece,) = (piece for piece in PIECES if piece.key == "not-a-credit")
    assert "不是碳普惠减排量" in rendering.to_text(_body(piece))


@EACH
def test_right_answers_are_explained_and_not_always_in_one_place(piece: Piece) -> None:
    for question in piece.quiz:
        assert question["explanation"].endswith("。")
        assert set(question["right"]) < {option["id"] for option in question["options"]}


def test_right_answers_are_spread() -> None:
    first = [
        question["right"][0] for piece in PIECES for question in piece.quiz if len(question["right"]) == 1
    ]
    assert max(Counter(first).values()) <= 0.7 * len(first)


@EACH
def test_a_cover_is_drawn_for_it_and_described(piece: Piece) -> None:
    for figure in (piece.cover, *piece.figures):
        with Image.open(figure.path) as picture:
            assert picture.size == (1600, 900)
        assert figure.path.stat().st_size <= 120_000
        assert figure.alt.startswith("插画：")
        assert 15 <= len(figure.alt) <= 120


def test_no_picture_lies_about_unused() -> None:
    shown = {figure.name for piece in PIECES for figure in (piece.cover, *piece.figures)}
    assert {path.stem for path in (FOLDER / "pictures").iterdir()} == shown


def test_every_article_is_told_of_in_the_list_of_sources() -> None:
    sources = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    assert [piece.key for piece in PIECES if f"`{piece.key}`" not in sources] == []


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> tuple[Piece, ...]:
    """Three articles that link to one another and take one step and two: the rest would only take time."""
    keys = ("news-plan", "six-types", "lifecycle")
    chosen = tuple(piece for piece in PIECES if piece.key in keys)
    known = {str(piece.id) for piece in chosen}
    kept = tuple(replace(piece, markdown=_without_links(piece, known)) for piece in chosen)
    monkeypatch.setattr(loading, "read_pieces", lambda: kept)
    monkeypatch.setattr(loading, "_cover_topics", lambda team: None)
    return kept


def _without_links(piece: Piece, known: set[str]) -> str:
    return re.sub(
        r"\[([^\]]+)\]\(article:([a-z0-9-]+)\)",
        lambda link: link[0] if str(library.pieces.id_of(link[2])) in known else link[1],
        piece.markdown,
    )


@pytest.fixture
def team(app: Flask, clock: Clock) -> Team:
    with atomic() as session:
        author = make_staff(session, username="writer", role=Role.EDITOR)
        reviewers = [make_staff(session, username=f"reviewer-{n}", role=Role.REVIEWER) for n in (1, 2)]
        return Team(author=author.id, reviewers=[reviewer.id for reviewer in reviewers])


def _counts() -> dict[str, int]:
    tables = (Article, Revision, Asset, Topic, Review, events.EventRow, audit.AuditRow)
    with reading() as session:
        return {
            table.__tablename__: session.scalars(select(func.count()).select_from(table)).one()
            for table in tables
        }


def test_it_is_published_as_peoples_work(team: Team, small: tuple[Piece, ...]) -> None:
    done = library.load_library(team)
    assert (done.articles, done.left, done.topics) == (3, 0, len(read_topics()))
    with reading() as session:
        for piece in small:
            article = session.get_one(Article, piece.id)
            assert article.standing is Standing.LIVE
            assert article.owner_id == team.author
            revision = latest_revision(session, article)
            assert revision.id == article.live_revision_id
            assert revision.saved_by == team.author
            assert len(revision.topic_ids) == len(piece.topics)
        reviewers = Counter(session.scalars(select(Review.reviewer_id)))
    assert reviewers == {team.reviewers[0]: 3, team.reviewers[1]: 1}


def test_again_changes_nothing(team: Team, small: tuple[Piece, ...]) -> None:
    library.load_library(team)
    before = _counts()
    done = library.load_library(team)
    assert (done.topics, done.articles, done.left) == (0, 0, 3)
    assert _counts() == before


def test_an_article_that_somebody_worked_on_is_left_alone(team: Team, small: tuple[Piece, ...]) -> None:
    library.load_library(team)
    with atomic() as session:
        article = session.get_one(Article, small[0].id)
        draft = replace(draft_of(latest_revision(session, article)), title="我们改过的题目")
        writer = Actor(kind="staff", id=str(team.author))
        save_revision(
            session,
            article,
            draft,
            base_number=article.latest_number,
            staff_id=team.author,
            actor=writer,
            autosaved=False,
            now=article.edited_at,
        )
    before = _counts()
    library.load_library(team)
    assert _counts() == before


def test_what_was_interrupted_is_gone_on_with(
    team: Team, small: tuple[Piece, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = loading._finish

    def stop(team: Team, piece: Piece, topic_ids: dict[str, str]) -> bool:
        if piece is small[1]:
            raise KeyboardInterrupt
        return finish(team, piece, topic_ids)

    monkeypatch.setattr(loading, "_finish", stop)
    with pytest.raises(KeyboardInterrupt):
        library.load_library(team)
    monkeypatch.setattr(loading, "_finish", finish)
    done = library.load_library(team)
    assert (done.articles, done.left) == (2, 1)


def test_a_failed_article_leaves_no_files(
    team: Team, small: tuple[Piece, ...], monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(loading, "_publish", fail)
    with pytest.raises(RuntimeError):
        library.load_library(team)
    uploads: Path = app.extensions["settings"].data_dir / "uploads"
    assert [path for path in uploads.rglob("*") if path.is_file()] == []


def test_too_few_reviewers_are_refused(team: Team, small: tuple[Piece, ...]) -> None:
    with pytest.raises(LibraryRefused):
        library.load_library(replace(team, reviewers=team.reviewers[:1]))
    with pytest.raises(LibraryRefused):
        library.load_library(replace(team, reviewers=[team.author]))


def test_a_listed_word_is_named_and_what_comes_before_stays(team: Team, small: tuple[Piece, ...]) -> None:
    reviewer = team.reviewers[0]
    with atomic() as session:
        words.add_word(
            session,
            of=WordList.WRONG,
            word="动态退出",
            staff_id=reviewer,
            actor=Actor(kind="staff", id=str(reviewer)),
            now=kernel_clock.now(),
        )
    with pytest.raises(LibraryRefused, match=r"一个示范区项目怎样走完全程.*动态退出"):
        library.load_library(team)
    with reading() as session:
        assert session.get_one(Article, small[0].id).standing is Standing.DRAFT


def test_members_read_it(
    team: Team, small: tuple[Piece, ...], client: FlaskClient, fresh: Callable[[], None]
) -> None:
    library.load_library(team)
    fresh()
    items = client.get("/api/v1/articles").get_json()["items"]
    assert {item["title"] for item in items} == {piece.title for piece in small}
    lifecycle = next(piece for piece in small if piece.key == "lifecycle")
    page = client.get(f"/api/v1/articles/{lifecycle.id}").get_json()
    assert page["title"] == lifecycle.title
    assert client.get(page["cover"]["url"]).status_code == 200


def test_the_command_asks_for_people_who_may(app: Flask, team: Team, small: tuple[Piece, ...]) -> None:
    runner = app.test_cli_runner()
    load = ["content", "load-library", "--author", "writer"]
    turned = runner.invoke(args=[*load, "--reviewer", "writer"])
    assert "lacks content.publish, content.review, content.topics" in turned.output
    assert "no active account nobody" in runner.invoke(args=[*load, "--reviewer", "nobody"]).output
    both = runner.invoke(args=[*load, "--reviewer", "reviewer-1", "--reviewer", "reviewer-2"])
    assert "3 articles added; 0 were there" in both.output
    again = runner.invoke(args=[*load, "--reviewer", "reviewer-1", "--reviewer", "reviewer-2"])
    assert "0 articles added; 3 were there" in again.output
