"""The photos of a site: kept by the file store, listed and described here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.files import StoredImage
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Photo, Site
from miniprogram_api.sites.service.managed import check_room, next_position, note_change

MOST_PHOTOS = 30


def add_photo(
    session: Session, *, site: Site, image: StoredImage, alt: str, actor: Actor, now: datetime
) -> Photo:
    """List a picture that the file store has written; the first one is the cover. Raises ListFull."""
    check_room(session, Photo, site_id=site.id, most=MOST_PHOTOS)
    photo = Photo(
        id=new_id(),
        site_id=site.id,
        file_name=image.name,
        alt=alt,
        position=next_position(session, Photo, site_id=site.id),
        width=image.width,
        height=image.height,
    )
    session.add(photo)
    if site.cover_photo_id is None:
        site.cover_photo_id = photo.id
    after = {"photo_id": str(photo.id), "file_name": photo.file_name, "alt": alt, "sha256": image.sha256}
    note_change(session, site, part="photos", action="add_photo", actor=actor, now=now, after=after)
    return photo


def edit_photo(
    session: Session, *, site: Site, photo: Photo, changes: Mapping[str, Any], actor: Actor, now: datetime
) -> None:
    """Set a photo's text or place, or make it the cover (`cover`: true)."""
    before = {name: getattr(photo, name) for name in ("alt", "position") if name in changes}
    for name in before:
        setattr(photo, name, changes[name])
    if changes.get("cover"):
        before["cover_photo_id"] = None if site.cover_photo_id is None else str(site.cover_photo_id)
        site.cover_photo_id = photo.id
    after = {"photo_id": str(photo.id), **changes}
    note_change(
        session, site, part="photos", action="edit_photo", actor=actor, now=now, before=before, after=after
    )
