"""Who has an article open in an editor. A notice that names them, not a bar: both may save."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from content.models import Article, ArticleLock
from miniprogram_api.identity.queries_people import names_of_staff

LEASE = timedelta(seconds=90)
HEARTBEAT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class LockView:
    """Who is editing since when; with `same_person` it is another window of whoever asks."""

    holder_id: UUID
    holder_name: str
    is_mine: bool
    same_person: bool
    since: datetime


def hold(session: Session, article: Article, *, staff_id: UUID, tab: str, now: datetime) -> LockView:
    """Say at its opening, and every 30 seconds, that a window has a locked article open; hear who else has.

    Who came first is named until they leave, or for 90 seconds after their last word.
    """
    lock = session.get(ArticleLock, article.id, populate_existing=True)
    if lock is None:
        lock = ArticleLock(article_id=article.id, staff_id=staff_id, tab=tab, taken_at=now, expires_at=now)
        session.add(lock)
    elif lock.expires_at <= now:
        lock.staff_id, lock.tab, lock.taken_at = staff_id, tab, now
    is_mine = (lock.staff_id, lock.tab) == (staff_id, tab)
    if is_mine:
        lock.expires_at = now + LEASE
    session.flush()
    return _view(session, lock, staff_id=staff_id, is_mine=is_mine)


def find_lock(
    session: Session, article: Article, *, staff_id: UUID, tab: str | None, now: datetime
) -> LockView | None:
    """Who is editing now, without saying that one does."""
    lock = session.get(ArticleLock, article.id)
    if lock is None or lock.expires_at <= now:
        return None
    return _view(session, lock, staff_id=staff_id, is_mine=(lock.staff_id, lock.tab) == (staff_id, tab))


def release(session: Session, article: Article, *, staff_id: UUID, tab: str) -> None:
    """Say that the window is closed; nothing happens if another holds the article."""
    lock = session.get(ArticleLock, article.id)
    if lock is not None and (lock.staff_id, lock.tab) == (staff_id, tab):
        session.delete(lock)
        session.flush()


def _view(session: Session, lock: ArticleLock, *, staff_id: UUID, is_mine: bool) -> LockView:
    names = names_of_staff(session, [lock.staff_id])
    return LockView(
        holder_id=lock.staff_id,
        holder_name=names.get(str(lock.staff_id), ""),
        is_mine=is_mine,
        same_person=lock.staff_id == staff_id,
        since=lock.taken_at,
    )
