"""What goes for good: drafts and pictures that lay in the bin for their time, and autosaves nobody needs."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select
from sqlalchemy.orm import Session, aliased

from content.models import (
    Article,
    ArticleLock,
    Asset,
    AssetUse,
    OfficialMedia,
    OfficialPost,
    Plan,
    Push,
    QuizAttempt,
    Review,
    Revision,
    Submission,
    Topic,
    WordOverride,
)
from content.service.assets import KEPT_REMOVED, delete_files
from content.service.drafting import KEPT_IN_BIN
from miniprogram_api.kernel.db import execute_counting

BATCH = 100
# Nobody steps through what was saved by itself so long ago.
THINNED_AFTER = timedelta(days=30)


def delete_binned_articles(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Delete articles that were deleted thirty days ago, with all that belongs to them; returns how many.

    None of them was ever shown, so nobody read or liked one.
    """
    over = select(Article.id).where(Article.deleted_at <= now - KEPT_IN_BIN).order_by(Article.id)
    article_ids = session.scalars(over.limit(limit).with_for_update(skip_locked=True)).all()
    if not article_ids:
        return 0
    submissions = select(Submission.id).where(Submission.article_id.in_(article_ids))
    execute_counting(session, delete(Review).where(Review.submission_id.in_(submissions)))
    for model in (Submission, WordOverride, ArticleLock, AssetUse, Revision):
        execute_counting(session, delete(model).where(model.article_id.in_(article_ids)))
    execute_counting(session, delete(Article).where(Article.id.in_(article_ids)))
    return len(article_ids)


def delete_removed_assets(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Delete pictures that were removed thirty days ago, with their files; returns how many.

    The cover of any revision stays: what an article once said can be seen as long as the article is there.
    """
    covers = (Revision.cover_asset_id, Article.cover_asset_id, Topic.cover_asset_id, OfficialMedia.asset_id)
    over = select(Asset).where(
        Asset.retired_at <= now - KEPT_REMOVED,
        *(~exists().where(cover == Asset.id) for cover in (*covers, AssetUse.asset_id)),
    )
    due = session.scalars(over.order_by(Asset.id).limit(limit).with_for_update(skip_locked=True)).all()
    for asset in due:
        delete_files(session, asset)
        session.delete(asset)
    return len(due)


def thin_autosaves(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Delete old autosaves that their writer has replaced and nothing refers to; returns how many.

    The first that somebody saved stays, and the last: whoever saved any of a text has still saved some of it,
    whether it is the latest or an earlier one that is brought back, which is what review asks.
    """
    earlier, later = aliased(Revision), aliased(Revision)
    replaced = (
        exists().where(_also_of_saver(earlier), earlier.number < Revision.number),
        exists().where(_also_of_saver(later), later.number > Revision.number),
    )
    old = (
        select(Revision.id)
        .join(Article, Article.id == Revision.article_id)
        .where(
            Revision.autosaved,
            Revision.saved_at <= now - THINNED_AFTER,
            Revision.number < Article.latest_number,
            or_(Article.live_revision_id.is_(None), Article.live_revision_id != Revision.id),
            *replaced,
            *_unreferred(),
        )
    )
    found = session.scalars(old.order_by(Revision.id).limit(limit)).all()
    execute_counting(session, delete(Revision).where(Revision.id.in_(found)))
    return len(found)


def _also_of_saver(other: type[Revision]) -> ColumnElement[bool]:
    return and_(other.article_id == Revision.article_id, other.saved_by == Revision.saved_by)


def _unreferred() -> list[ColumnElement[bool]]:
    referring = (
        Plan.revision_id,
        Submission.revision_id,
        Push.revision_id,
        OfficialPost.revision_id,
        QuizAttempt.revision_id,
    )
    return [~exists().where(column == Revision.id) for column in referring]
