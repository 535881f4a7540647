"""What the public sees of an article: written when a revision is published, taken away when it ends."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import rendering
from content.models import Article, ArticleSite, Placement, Revision, Standing, Topic
from content.queries.search import INDEX
from content.service.asset_uses import follow_uses
from miniprogram_api.sites.queries import names_of_sites


def show(session: Session, article: Article, revision: Revision, *, now: datetime) -> None:
    """Let a locked article say what a revision says, wherever it is listed, found and counted as used."""
    article.standing, article.live_revision_id = Standing.LIVE, revision.id
    article.title, article.kind, article.summary = revision.title, revision.kind, revision.summary
    article.cover_asset_id = revision.cover_asset_id
    article.published_at = article.published_at or now
    article.changed_at = now
    article.retracted_at = article.retract_reason = None
    _unlist(session, article)
    topics = select(Topic.id).where(Topic.id.in_([UUID(each) for each in revision.topic_ids]))
    session.add_all(Placement(topic_id=each, article_id=article.id) for each in session.scalars(topics))
    sites = names_of_sites(session, [UUID(each) for each in revision.site_ids])
    session.add_all(ArticleSite(site_id=each, article_id=article.id) for each in sites)
    session.flush()
    follow_uses(session, article)
    body = _said(revision, _topic_names(session, [article.id])[article.id])
    INDEX.put(session, article.id, title=revision.title, body=body)


def follow_topic_name(session: Session, topic: Topic) -> None:
    """Let the articles of a topic that has another name be found by that one."""
    shown = (
        select(Article.id, Revision)
        .join(Revision, Revision.id == Article.live_revision_id)
        .join(Placement, Placement.article_id == Article.id)
        .where(Placement.topic_id == topic.id, Article.standing == Standing.LIVE)
    )
    rows = list(session.execute(shown))
    names = _topic_names(session, [article_id for article_id, _ in rows])
    texts = [(each, revision.title, _said(revision, names[each])) for each, revision in rows]
    INDEX.put_all(session, texts)


def hide(session: Session, article: Article) -> None:
    """Take a locked article out of every list and the search; what it last said stays known to its page."""
    article.pinned, article.pinned_until = False, None
    _unlist(session, article)
    session.flush()
    follow_uses(session, article)
    INDEX.remove(session, article.id)


def _topic_names(session: Session, article_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[str]]:
    """The names of the topics of each article; none of one that has no topic."""
    placed = select(Placement.article_id, Topic.name).join(Topic, Topic.id == Placement.topic_id)
    placed = placed.where(Placement.article_id.in_(article_ids)).order_by(Topic.position, Topic.id)
    names: dict[UUID, list[str]] = defaultdict(list)
    for article_id, name in session.execute(placed):
        names[article_id].append(name)
    return names


def _said(revision: Revision, topics: Sequence[str]) -> str:
    """What an article is found by beside its title."""
    return "\n".join([revision.summary, *revision.technologies, *topics, rendering.to_text(revision.body)])


def _unlist(session: Session, article: Article) -> None:
    for listing in (Placement, ArticleSite):
        for row in session.scalars(select(listing).where(listing.article_id == article.id)):
            session.delete(row)
    session.flush()
