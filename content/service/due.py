"""What time does to articles: plans that are carried out, and expiries and pins that end."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from content.events import ArticleExpired, PinChanged
from content.models import Plan, Revision, Standing
from content.rules.publishing import instant_text, next_attempt
from content.service.managed import lock_article, note_article
from content.service.publishing import Terms, publish_revision
from content.service.showing import hide
from miniprogram_api.kernel.audit import SYSTEM


def publish_planned(session: Session, article_id: UUID, *, now: datetime) -> bool:
    """Carry an article's plan out if it is due; whoever comes second waits, and finds it done."""
    article = lock_article(session, article_id)
    plan = None if article is None else session.get(Plan, article_id, populate_existing=True)
    if article is None or plan is None or plan.next_attempt_at > now:
        return False
    revision = session.get_one(Revision, plan.revision_id)
    terms = Terms(
        pinned_until=plan.pinned_until,
        expires_at=plan.expires_at,
        push=plan.push,
        official=plan.official,
    )
    publish_revision(session, article, revision, terms, decided_by=plan.planned_by, actor=SYSTEM, now=now)
    return True


def note_failure(session: Session, article_id: UUID, *, code: str, now: datetime) -> None:
    """Keep a plan that could not be carried out, with what went wrong and when it is tried again."""
    if lock_article(session, article_id) is None:
        return
    plan = session.get(Plan, article_id, populate_existing=True)
    if plan is not None and plan.next_attempt_at <= now:
        plan.attempts += 1
        plan.failure, plan.failed_at = code[:80], now
        plan.next_attempt_at = next_attempt(now, plan.attempts)
        session.flush()


def end_due(session: Session, article_id: UUID, *, now: datetime) -> bool:
    """End an article whose last day is over, or the pin of one; says whether anything ended."""
    article = lock_article(session, article_id)
    if article is None or article.standing is not Standing.LIVE:
        return False
    if article.expires_at is not None and article.expires_at <= now:
        article.standing = Standing.EXPIRED
        hide(session, article)
        before = {"standing": Standing.LIVE.value, "expires_at": instant_text(article.expires_at)}
        told = ArticleExpired(str(article.id))
        note_article(session, article, action="expire_article", event=told, actor=SYSTEM, before=before)
        return True
    if article.pinned_until is not None and article.pinned_until <= now:
        before = {"pinned_until": instant_text(article.pinned_until)}
        article.pinned, article.pinned_until = False, None
        unpinned = PinChanged(str(article.id), None)
        after = {"pinned_until": None}
        note_article(
            session, article, action="set_pin", event=unpinned, actor=SYSTEM, before=before, after=after
        )
        return True
    return False
