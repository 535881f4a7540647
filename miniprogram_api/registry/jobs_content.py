"""Announces what is published, and what is shown no longer."""

from sqlalchemy.orm import Session

from content.events import ArticleEvent, ArticleExpired, ArticlePublished, ArticleRetracted
from miniprogram_api.engagement import published_content
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.registry.models.announcements import EventType
from miniprogram_api.registry.service.announcements import announce


@subscribe(ArticlePublished, name="registry.announce_published")
def announce_published(session: Session, event: ArticlePublished) -> None:
    """An article is shown, or says something else from now on."""
    _announce(session, event, EventType.CONTENT_PUBLISHED)


@subscribe(ArticleRetracted, name="registry.announce_retracted")
def announce_retracted(session: Session, event: ArticleRetracted) -> None:
    """It was retracted."""
    _announce(session, event, EventType.CONTENT_WITHDRAWN)


@subscribe(ArticleExpired, name="registry.announce_expired")
def announce_expired(session: Session, event: ArticleExpired) -> None:
    """Its last day is over."""
    _announce(session, event, EventType.CONTENT_WITHDRAWN)


def _announce(session: Session, event: ArticleEvent, type: EventType) -> None:
    """Unless it is the other way round by now: facts are told in any order, and that one is told as well."""
    found = published_content.current().find_published(session, event.article_id)
    if found is None or (found.withdrawn_at is not None) != (type is EventType.CONTENT_WITHDRAWN):
        return
    told = {"kind": found.kind, "title": found.title, "url": found.url, "sha256": found.sha256}
    data = {"content_id": found.id, **told}
    announce(session, type=type, subject=found.id, data=data, now=clock.now())
