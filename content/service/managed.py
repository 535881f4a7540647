"""Access to an article for those who work on it, and the trail that every change of one leaves."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.errors import ArticleMissing, PlaceMissing, RevisionMissing
from content.events import ArticleEvent
from content.models import Article, Revision
from content.queries.scope import holds_at
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor


def get_managed_article(
    session: Session, principal: Principal, permission: str, article_id: UUID, *, binned: bool = False
) -> Article:
    """The article, whatever the public sees of it. Raises ArticleMissing outside the caller's scope.

    One in the bin is found with `binned`, and only then.
    """
    return _within_scope(session, session.get(Article, article_id), principal, permission, binned=binned)


def lock_managed_article(
    session: Session, principal: Principal, permission: str, article_id: UUID, *, binned: bool = False
) -> Article:
    """The same, and nobody else decides about the article until the transaction ends. Raises ArticleMissing.

    Reading goes on: the lock is the one that rows referring to the article do not wait for.
    """
    article = lock_article(session, article_id)
    return _within_scope(session, article, principal, permission, binned=binned)


def lock_article(session: Session, article_id: UUID) -> Article | None:
    """The article as it is now, held until the transaction ends; for who asks no scope."""
    lock = select(Article).where(Article.id == article_id).with_for_update(key_share=True)
    return session.scalars(lock.execution_options(populate_existing=True)).one_or_none()


def _within_scope(
    session: Session, article: Article | None, principal: Principal, permission: str, *, binned: bool
) -> Article:
    if article is None or (article.deleted_at is not None) != binned:
        raise ArticleMissing
    place = {"organisation_id": article.organisation_id, "site_id": article.site_id}
    if not holds_at(session, principal, permission, **place):
        raise ArticleMissing
    return article


def check_place(
    session: Session,
    principal: Principal,
    permission: str,
    *,
    organisation_id: UUID | None,
    site_id: UUID | None,
) -> None:
    """Raises PlaceMissing unless the caller holds the permission over the desk that something is made for."""
    if not holds_at(session, principal, permission, organisation_id=organisation_id, site_id=site_id):
        raise PlaceMissing


def get_revision(session: Session, article: Article, number: int) -> Revision:
    """A revision of the article by its number. Raises RevisionMissing."""
    wanted = select(Revision).where(Revision.article_id == article.id, Revision.number == number)
    revision = session.scalars(wanted).one_or_none()
    if revision is None:
        raise RevisionMissing
    return revision


def latest_revision(session: Session, article: Article) -> Revision:
    """What is worked on."""
    return get_revision(session, article, article.latest_number)


def live_revision(session: Session, article: Article) -> Revision | None:
    """What is shown, or was shown last."""
    return None if article.live_revision_id is None else session.get(Revision, article.live_revision_id)


def note_article(
    session: Session,
    article: Article,
    *,
    action: str,
    event: ArticleEvent,
    actor: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Leave the audit row and the event of a change."""
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=f"content.{action}",
        object_type="article",
        object_id=str(article.id),
        before=before,
        after=after,
        reason=reason,
    )
    events.publish(session, event)
