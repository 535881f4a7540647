"""An article in every state on the desks of editors and reviewers, by the services people use."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import rendering
from content.library import Team, approve, id_of, read_topics
from content.models import Article, Topic, Word, WordList
from content.rules.drafts import Draft
from content.rules.review import step_due
from content.service import drafting, publishing, reviewing, words
from miniprogram_api.devtools.demo_data.desk_articles import (
    APPROVED,
    DESK_ARTICLES,
    EDIT,
    RETRACT_REASON,
    RETURNED_BLOCK,
    RETURNED_NOTE,
    SENSITIVE_WORDS,
    WRONG_WORDS,
    DeskArticle,
    Stage,
)
from miniprogram_api.identity.models import StaffAccount
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date, beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site

_WRITER, _REVIEWERS = "demo-editor", ("demo-reviewer", "demo-reviewer-2", "demo-reviewer-3")
_AT_EIGHT = 8 * 60


def demo_team() -> Team:
    """The demonstration's editor and reviewers."""
    with reading() as session:
        named = select(StaffAccount.username, StaffAccount.id)
        ids = {row.username: row.id for row in session.execute(named)}
    return Team(author=ids[_WRITER], reviewers=[ids[name] for name in _REVIEWERS])


def load_desk(team: Team) -> None:
    """Begin what is not there yet, each article as one transaction."""
    with reading() as session:
        there = set(session.scalars(select(Article.id).where(Article.id.in_(map(_id, DESK_ARTICLES)))))
    for card in DESK_ARTICLES:
        if _id(card) not in there:
            with atomic() as session:
                _Desk(session, team, clock.now()).take(card)


def load_words(team: Team) -> None:
    """Put words on the lists, unless there are any."""
    reviewer, now = team.reviewers[0], clock.now()
    by = {
        WordList.WRONG: WRONG_WORDS,
        WordList.SENSITIVE: [(word, None, why) for word, why in SENSITIVE_WORDS],
    }
    with atomic() as session:
        if session.scalars(select(Word.id).limit(1)).first() is not None:
            return
        for of, listed in by.items():
            for word, suggestion, why in listed:
                words.add_word(
                    session,
                    of=of,
                    word=word,
                    suggestion=suggestion,
                    note=why,
                    staff_id=reviewer,
                    actor=_staff(reviewer),
                    now=now,
                )


def _id(card: DeskArticle) -> UUID:
    """After the library's, and each after those before it."""
    place = DESK_ARTICLES.index(card) + 1
    unlike = uuid5(NAMESPACE_URL, f"demonstration:article:{card.key}")
    return UUID(bytes=place.to_bytes(6) + unlike.bytes[6:])


def _staff(staff_id: UUID) -> Actor:
    return Actor(kind="staff", id=str(staff_id))


class _Desk:
    """One article's way over the desks, as far as its card says."""

    def __init__(self, session: Session, team: Team, now: datetime) -> None:
        self._session, self._team, self._now = session, team, now
        self._author, self._publisher = _staff(team.author), _staff(team.reviewers[0])

    def take(self, card: DeskArticle) -> None:
        article = drafting.create_article(
            self._session,
            draft=self._draft(card),
            organisation_id=None,
            site_id=None,
            staff_id=self._team.author,
            actor=self._author,
            now=self._now,
            article_id=_id(card),
        )
        if card.stage is Stage.DRAFT:
            return
        submission = reviewing.submit_article(
            self._session, article, staff_id=self._team.author, actor=self._author, now=self._now
        )
        if card.stage in APPROVED:
            some = self._team.reviewers[: APPROVED[card.stage]]
            approve(self._session, some, article, submission, now=self._now)
        elif card.stage is Stage.RETURNED:
            reviewing.return_submission(
                self._session,
                article,
                content_hash=submission.content_hash,
                step=step_due(0),
                note=RETURNED_NOTE,
                block=RETURNED_BLOCK,
                reviewer_id=self._team.reviewers[0],
                actor=self._publisher,
                now=self._now,
            )
        else:
            approve(self._session, self._team.reviewers, article, submission, now=self._now)
            if card.stage is not Stage.READY:
                self._publish(article, card, submission.content_hash)

    def _publish(self, article: Article, card: DeskArticle, content_hash: str) -> None:
        publisher = self._team.reviewers[0]
        if card.stage is Stage.PLANNED:
            tomorrow = beijing_date(self._now) + timedelta(days=1)
            at = beijing_time(tomorrow, _AT_EIGHT)
            publishing.schedule_article(
                self._session,
                article,
                publish_at=at,
                content_hash=content_hash,
                staff_id=publisher,
                push=True,
                actor=self._publisher,
                now=self._now,
            )
            return
        publishing.publish_now(
            self._session,
            article,
            content_hash=content_hash,
            staff_id=publisher,
            actor=self._publisher,
            now=self._now,
        )
        if card.stage is Stage.RETRACTED:
            publishing.retract_article(
                self._session, article, reason=RETRACT_REASON, actor=self._publisher, now=self._now
            )
        elif card.stage is Stage.LIVE_WITH_DRAFT:
            edited = self._draft(replace(card, text=card.text + EDIT))
            drafting.save_revision(
                self._session,
                article,
                edited,
                base_number=article.latest_number,
                staff_id=self._team.author,
                actor=self._author,
                autosaved=False,
                now=self._now,
            )

    def _draft(self, card: DeskArticle) -> Draft:
        names = {topic.key: topic.name for topic in read_topics()}
        wanted = select(Topic.id).where(Topic.name.in_([names[key] for key in card.topics]))
        sites = select(Site.id).where(Site.code.in_(card.sites)).order_by(Site.code)
        cover = None
        if card.cover is not None:
            cover = self._session.scalar(
                select(Article.cover_asset_id).where(Article.id == id_of(card.cover))
            )
        return Draft(
            title=card.title,
            kind=card.kind,
            summary=card.summary,
            body=rendering.from_markdown(card.text).document,
            content_class=card.content_class,
            cover_asset_id=None if cover is None else str(cover),
            topic_ids=[str(each) for each in self._session.scalars(wanted.order_by(Topic.position))],
            site_ids=[str(each) for each in self._session.scalars(sites)],
            byline="演示编辑",
            source_name="演示数据",
        )
