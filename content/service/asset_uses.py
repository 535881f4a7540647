"""Which pictures an article uses: in what is shown, planned, under review or worked on."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from content import rendering
from content.models import Article, Asset, AssetUse, Plan, Revision, Standing, Submission
from content.queries.submissions import STANDING
from content.rules.drafts import Draft
from miniprogram_api.kernel.db import execute_counting


def follow_uses(session: Session, article: Article) -> None:
    """Write down anew which pictures the article uses, after its texts or their standing have changed."""
    wanted = _used(session, article)
    mine = AssetUse.article_id == article.id
    noted = set(session.scalars(select(AssetUse.asset_id).where(mine)))
    if gone := noted - wanted:
        execute_counting(session, delete(AssetUse).where(mine, AssetUse.asset_id.in_(gone)))
    if new := wanted - noted:
        known = session.scalars(select(Asset.id).where(Asset.id.in_(new)).order_by(Asset.id))
        session.add_all(AssetUse(asset_id=asset_id, article_id=article.id) for asset_id in known)
    session.flush()


def pictures_of(revision: Revision) -> set[UUID]:
    """The pictures of a revision, its cover among them."""
    return _shown(revision.body, revision.cover_asset_id)


def pictures_of_draft(draft: Draft) -> set[UUID]:
    """The same of a draft."""
    return _shown(draft.body, None if draft.cover_asset_id is None else UUID(draft.cover_asset_id))


def _shown(body: Mapping[str, Any], cover: UUID | None) -> set[UUID]:
    found = {asset_id for text in rendering.asset_ids(body) if (asset_id := _id(text))}
    return found | ({cover} if cover else set())


def is_reviewed_or_shown(session: Session, asset_id: UUID) -> bool:
    """Whether a text that is under review, approved, planned or live has the picture."""
    users = select(AssetUse.article_id).where(AssetUse.asset_id == asset_id)
    live = select(Article.live_revision_id).where(Article.standing == Standing.LIVE, Article.id.in_(users))
    planned = select(Plan.revision_id).where(Plan.article_id.in_(users))
    reviewed = select(Submission.revision_id).where(
        Submission.article_id.in_(users), Submission.state.in_(STANDING)
    )
    texts = select(Revision).where(or_(*(Revision.id.in_(those) for those in (live, planned, reviewed))))
    return any(asset_id in pictures_of(revision) for revision in session.scalars(texts))


def _used(session: Session, article: Article) -> set[UUID]:
    planned = select(Plan.revision_id).where(Plan.article_id == article.id)
    reviewed = select(Submission.revision_id).where(
        Submission.article_id == article.id, Submission.state.in_(STANDING)
    )
    revisions = select(Revision).where(
        Revision.article_id == article.id,
        or_(
            Revision.number == article.latest_number,
            Revision.id == article.live_revision_id,
            Revision.id.in_(planned),
            Revision.id.in_(reviewed),
        ),
    )
    return {asset_id for revision in session.scalars(revisions) for asset_id in pictures_of(revision)}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
