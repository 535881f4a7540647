"""The library's pictures that a text shows, as the renderer takes them."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.models import Asset
from content.rendering import Picture
from content.rules.addresses import MEDIA


def picture_of(asset: Asset) -> Picture:
    """As the renderer shows it: the whole picture, and a choice of widths."""
    sizes = [(f"{MEDIA}{size['name']}", int(size["width"])) for size in asset.sizes]
    source = f"{MEDIA}{asset.file_name}"
    return Picture(str(asset.id), source, (*sizes, (source, asset.width)), asset.width, asset.height)


def pictures_of(session: Session, asset_ids: Iterable[UUID | str | None]) -> dict[str, tuple[Picture, str]]:
    """Each picture with its alternative text by its id; what is no picture of the library is left out."""
    wanted = {UUID(str(asset_id)) for asset_id in asset_ids if asset_id}
    if not wanted:
        return {}
    found = session.scalars(select(Asset).where(Asset.id.in_(wanted)))
    return {str(asset.id): (picture_of(asset), asset.alt) for asset in found}
