"""The library's pictures that a text shows, as the renderer takes them."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.models import Asset
from content.rendering import Picture

_MEDIA = "/media/"


def picture_of(asset: Asset) -> Picture:
    """A picture with its sizes, the widest first."""
    sizes = tuple((f"{_MEDIA}{size['name']}", int(size["width"])) for size in asset.sizes)
    return Picture(str(asset.id), f"{_MEDIA}{asset.file_name}", sizes, asset.width, asset.height)


def pictures_of(session: Session, asset_ids: Iterable[UUID | str | None]) -> dict[str, tuple[Picture, str]]:
    """Each picture with its alternative text by its id; what is no picture of the library is left out."""
    wanted = {UUID(str(asset_id)) for asset_id in asset_ids if asset_id}
    if not wanted:
        return {}
    found = session.scalars(select(Asset).where(Asset.id.in_(wanted)))
    return {str(asset.id): (picture_of(asset), asset.alt) for asset in found}
