"""What of the desk hangs on one person: articles they answer for that are not finished."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from content.models import Article, Revision, Standing
from miniprogram_api.identity.handover import OpenTask, hands_over
from miniprogram_api.kernel.db import execute_counting


@hands_over("content.drafts", permission="content.write")
class UnfinishedArticles:
    """Articles of the account's that were never shown, or whose latest text is not."""

    @staticmethod
    def list_open(session: Session, staff_id: UUID) -> list[OpenTask]:
        """By their titles."""
        latest = select(Article.id, Revision.title, Article.edited_at).join(
            Revision, (Revision.article_id == Article.id) & (Revision.number == Article.latest_number)
        )
        own = latest.where(*_unfinished(staff_id)).order_by(Article.edited_at, Article.id)
        return [OpenTask(row.id, row.title or "（无标题）", row.edited_at) for row in session.execute(own)]

    @staticmethod
    def hand_over(session: Session, *, staff_id: UUID, receiver_id: UUID, now: datetime) -> int:
        """The receiver answers for them now, and so cannot review them."""
        own = update(Article).where(*_unfinished(staff_id))
        return execute_counting(session, own.values(owner_id=receiver_id))


def _unfinished(staff_id: UUID) -> tuple[ColumnElement[bool], ...]:
    shown = aliased(Revision)
    shown_is_old = exists().where(shown.id == Article.live_revision_id, shown.number < Article.latest_number)
    unfinished = or_(Article.standing == Standing.DRAFT, shown_is_old)
    return Article.owner_id == staff_id, Article.deleted_at.is_(None), unfinished
