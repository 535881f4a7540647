"""Puts the library in, by the steps that people take: written, put forward, approved, published.

Each article opens its own transaction, so that what was interrupted is gone on with. An article that anybody
has worked on since is theirs, and is left alone, even where they have put it into the bin.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.errors import NotReady
from content.library.pieces import BYLINE, Figure, Piece, read_pieces, read_topics
from content.models import Article, Submission, SubmissionState, Topic
from content.rules.drafts import EMPTY_BODY, Draft
from content.rules.review import step_due
from content.service import assets, drafting, publishing, reviewing, topics
from content.service.managed import latest_revision, lock_article
from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.files import StoredImage, StoredSize
from miniprogram_api.web import prepared

SOURCE, LICENCE = "为本小程序绘制的插画", "可随本小程序使用"

_Files = Mapping[str, tuple[StoredImage, Sequence[StoredSize]]]


class LibraryRefused(Exception):
    """It cannot be put in by these people, or not as things stand."""


@dataclass(frozen=True, slots=True)
class Team:
    """Who answers for the articles: who writes them, and who approves them, the first of whom publishes."""

    author: UUID
    reviewers: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Done:
    """How much was added, and how many articles were there already, as people have left them."""

    topics: int
    articles: int
    left: int


def load_library(team: Team, *, on_article: Callable[[], None] = lambda: None) -> Done:
    """Put in what is missing; again changes nothing. Raises LibraryRefused for too few reviewers."""
    if team.author in team.reviewers or len(set(team.reviewers)) != len(team.reviewers):
        raise LibraryRefused("Author and reviewers must be different people.")
    pieces = read_pieces()
    added = _add_topics(team)
    _begin_articles(team, pieces)
    published = 0
    with reading() as session:
        topic_ids = _topic_ids(session)
    for piece in pieces:
        published += _finish(team, piece, topic_ids)
        on_article()
    _cover_topics(team)
    prepared.forget()
    return Done(topics=added, articles=published, left=len(pieces) - published)


def count_missing() -> int:
    """How many articles are yet to be put in."""
    with reading() as session:
        wanted = select(Article).where(Article.id.in_([piece.id for piece in read_pieces()]))
        articles = {article.id: article for article in session.scalars(wanted)}
        begun = [each for each in articles.values() if each.latest_number == 1 and not each.summary]
    return len(read_pieces()) - len(articles) + len(begun)


def _staff(staff_id: UUID) -> Actor:
    return Actor(kind="staff", id=str(staff_id))


def _add_topics(team: Team) -> int:
    """Topics are known by their names: one that was renamed is missing, one that was retired is there."""
    now, added = clock.now(), 0
    with atomic() as session:
        names = set(session.scalars(select(Topic.name)))
        for topic in read_topics():
            if topic.name not in names:
                topics.add_topic(
                    session,
                    name=topic.name,
                    summary=topic.summary,
                    cover_asset_id=None,
                    actor=_staff(team.reviewers[0]),
                    now=now,
                )
                added += 1
    return added


def _topic_ids(session: Session) -> dict[str, str]:
    shown = select(Topic.name, Topic.id).where(Topic.retired_at.is_(None))
    ids = {row.name: str(row.id) for row in session.execute(shown)}
    return {topic.key: ids[topic.name] for topic in read_topics() if topic.name in ids}


def _cover_topics(team: Team) -> None:
    """A topic without a cover shares that of an article."""
    with atomic() as session:
        bare = select(Topic).where(Topic.cover_asset_id.is_(None), Topic.retired_at.is_(None))
        by_name = {topic.name: topic for topic in session.scalars(bare)}
        planned = {topic.name: topic for topic in read_topics() if topic.name in by_name}
        keys = {piece.key: piece.id for piece in read_pieces()}
        wanted = [keys[topic.cover] for topic in planned.values()]
        covers = select(Article.id, Article.cover_asset_id).where(Article.id.in_(wanted))
        found = {row.id: row.cover_asset_id for row in session.execute(covers)}
        for name, topic in planned.items():
            if cover := found.get(keys[topic.cover]):
                topics.edit_topic(
                    session, by_name[name], changes={"cover_asset_id": cover}, actor=_staff(team.reviewers[0])
                )


def _begin_articles(team: Team, pieces: Sequence[Piece]) -> None:
    """All of them first, with a title only: they link to one another."""
    now = clock.now()
    with atomic() as session:
        there = set(session.scalars(select(Article.id).where(Article.id.in_(piece.id for piece in pieces))))
        for piece in pieces:
            if piece.id not in there:
                drafting.create_article(
                    session,
                    draft=Draft(title=piece.title, kind=piece.kind, body=EMPTY_BODY),
                    organisation_id=None,
                    site_id=None,
                    staff_id=team.author,
                    actor=_staff(team.author),
                    now=now,
                    article_id=piece.id,
                )


def _finish(team: Team, piece: Piece, topic_ids: Mapping[str, str]) -> bool:
    """Write, review and publish an article that has only been begun; whether it was so."""
    with reading() as session:
        if _begun(session, session.get(Article, piece.id)) is None:
            return False
    stored = _store([piece.cover, *piece.figures])
    try:
        with atomic() as session:
            article = _begun(session, lock_article(session, piece.id))
            if article is not None:
                _publish(session, team, article, _draft(session, team, piece, topic_ids, stored))
    except BaseException:
        _delete(stored)
        raise
    if article is None:
        _delete(stored)
    return article is not None


def _begun(session: Session, article: Article | None) -> Article | None:
    """The article, when it is as `_begin_articles` has left it."""
    if article is None or article.latest_number != 1 or article.deleted_at is not None:
        return None
    latest = latest_revision(session, article)
    untouched = latest.body == dict(EMPTY_BODY) or not latest.body.get("content")
    return article if untouched and not latest.summary else None


def _draft(session: Session, team: Team, piece: Piece, topic_ids: Mapping[str, str], stored: _Files) -> Draft:
    """What an editor would have written, its pictures in the media library."""
    ids = {
        figure.name: str(
            assets.add_asset(
                session,
                *stored[figure.name],
                title=figure.caption[:60] or piece.title,
                alt=figure.alt,
                source=SOURCE,
                licence=LICENCE,
                organisation_id=None,
                site_id=None,
                staff_id=team.author,
                actor=_staff(team.author),
                now=clock.now(),
            ).id
        )
        for figure in (piece.cover, *piece.figures)
    }
    return Draft(
        title=piece.title,
        kind=piece.kind,
        body=piece.body(ids),
        summary=piece.summary,
        content_class=piece.content_class,
        audience=piece.audience,
        cover_asset_id=ids[piece.cover.name],
        topic_ids=[topic_ids[key] for key in piece.topics if key in topic_ids],
        technologies=piece.technologies,
        byline=BYLINE,
        source_name=piece.source_name,
        source_url=piece.source_url,
        quiz=piece.quiz,
    )


def _publish(session: Session, team: Team, article: Article, draft: Draft) -> None:
    now, author = clock.now(), _staff(team.author)
    drafting.save_revision(
        session,
        article,
        draft,
        base_number=1,
        staff_id=team.author,
        actor=author,
        autosaved=False,
        now=now,
    )
    try:
        submission = reviewing.submit_article(session, article, staff_id=team.author, actor=author, now=now)
    except NotReady as refusal:
        points = "; ".join(f"{point.field}: {point.code} {point.params}" for point in refusal.fields)
        raise LibraryRefused(f"“{draft.title}” cannot be put forward: {points}") from None
    if submission.steps > len(team.reviewers):
        raise LibraryRefused(f"Articles like “{article.title}” take {submission.steps} reviewers.")
    approve(session, team.reviewers, article, submission, now=now)
    publisher = team.reviewers[0]
    publishing.publish_now(
        session,
        article,
        content_hash=submission.content_hash,
        staff_id=publisher,
        actor=_staff(publisher),
        now=now,
    )


def approve(
    session: Session, reviewers: Sequence[UUID], article: Article, submission: Submission, *, now: datetime
) -> None:
    """Let a text pass a step by each of the reviewers, as long as there are any."""
    for reviewer in reviewers:
        if submission.state is SubmissionState.APPROVED:
            return
        reviewing.approve_step(
            session,
            article,
            content_hash=submission.content_hash,
            step=step_due(submission.approved_steps),
            reviewer_id=reviewer,
            actor=_staff(reviewer),
            now=now,
        )


def _store(figures: Sequence[Figure]) -> _Files:
    store, stored = files.current(), {}
    for figure in figures:
        image = store.save_image(figure.path.read_bytes())
        stored[figure.name] = (image, store.save_sizes(image))
    return stored


def _delete(stored: _Files) -> None:
    for image, sizes in stored.values():
        for name in (image.name, *(size.name for size in sizes)):
            files.current().delete(name)
