"""The media library as staff see it: pictures, and where each is used."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import case, or_, select, true
from sqlalchemy.orm import Session

from content.errors import AssetMissing
from content.models import Article, Asset, AssetUse, Topic
from content.queries.scope import articles_within, assets_within
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.files import picture_name
from miniprogram_api.kernel.paging import Page, page


@dataclass(frozen=True, slots=True)
class Use:
    """An article, or a topic as its cover, that shows a picture; of an article of others no title is told."""

    id: UUID
    title: str
    kind: str = "article"
    is_others: bool = False


@dataclass(frozen=True, slots=True)
class ListedAsset:
    """A picture with what uses it."""

    asset: Asset
    uses: list[Use]


def list_assets(
    session: Session,
    principal: Principal,
    *,
    q: str | None = None,
    unused: bool = False,
    removed: bool = False,
    uploaded_by: UUID | None = None,
    limit: int,
    cursor: str | None,
) -> Page[ListedAsset]:
    """A page of the pictures that the caller may use, the newest first; `q` looks into what is known of them.

    Raises InvalidCursor.
    """
    statement = select(Asset).where(assets_within(principal, "content.view"))
    statement = statement.where(Asset.retired_at.is_not(None) if removed else Asset.retired_at.is_(None))
    if unused:
        statement = statement.where(Asset.id.not_in(select(AssetUse.asset_id)))
    if uploaded_by is not None:
        statement = statement.where(Asset.uploaded_by == uploaded_by)
    if q:
        said = (Asset.title, Asset.alt, Asset.source)
        statement = statement.where(or_(*(text.icontains(q, autoescape=True) for text in said)))
    order = [Asset.uploaded_at, Asset.id]
    found = page(session, statement, order, limit=limit, cursor=cursor, descending=True)
    uses = uses_of(session, [asset.id for asset in found.items], principal)
    return Page([ListedAsset(asset, uses[asset.id]) for asset in found.items], found.next_cursor)


def get_asset(session: Session, principal: Principal, asset_id: UUID) -> ListedAsset:
    """A picture that the caller may use. Raises AssetMissing."""
    wanted = select(Asset).where(Asset.id == asset_id, assets_within(principal, "content.view"))
    asset = session.scalars(wanted).one_or_none()
    if asset is None:
        raise AssetMissing
    return ListedAsset(asset, list_uses(session, asset.id, principal))


def list_uses(session: Session, asset_id: UUID, principal: Principal | None = None) -> list[Use]:
    """What shows a picture: articles in what is shown, planned, under review or worked on, and topics.

    To a principal only those articles are named that they may look at; without one, all are.
    """
    return uses_of(session, [asset_id], principal)[asset_id]


def uses_of(
    session: Session, asset_ids: Collection[UUID], principal: Principal | None = None
) -> dict[UUID, list[Use]]:
    """The same of several pictures, in two statements."""
    found: dict[UUID, list[Use]] = defaultdict(list)
    if not asset_ids:
        return found
    named = true() if principal is None else articles_within(principal, "content.view")
    articles = (
        select(AssetUse.asset_id, Article.id, case((named, Article.title)).label("title"))
        .join(Article, Article.id == AssetUse.article_id)
        .where(AssetUse.asset_id.in_(asset_ids))
        .order_by(Article.edited_at.desc(), Article.id)
    )
    for row in session.execute(articles):
        found[row.asset_id].append(Use(row.id, row.title or "", is_others=row.title is None))
    topics = select(Topic.cover_asset_id, Topic.id, Topic.name).where(Topic.cover_asset_id.in_(asset_ids))
    for asset_id, topic_id, name in session.execute(topics):
        if asset_id is not None:
            found[asset_id].append(Use(topic_id, name, "topic"))
    return found


def is_library_picture(session: Session, file_name: str) -> bool:
    """Whether a file is a picture of the library, or a narrower copy of one."""
    named = select(Asset.id).where(Asset.file_name == picture_name(file_name), Asset.retired_at.is_(None))
    return session.scalar(named) is not None
