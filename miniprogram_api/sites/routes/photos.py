"""The photos of a site, managed by its staff."""

from http import HTTPStatus
from typing import Any

from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.files import MAX_UPLOAD_BYTES
from miniprogram_api.sites.models import Photo
from miniprogram_api.sites.queries.desk import get_desk_site
from miniprogram_api.sites.routes.scope import MANAGE, VIEW, look_at, work_on
from miniprogram_api.sites.schemas import showcase as wire
from miniprogram_api.sites.service import photos, retiring
from miniprogram_api.sites.service.managed import get_part
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.schemas import parse_id
from miniprogram_api.web.uploads import takes_a_file

blp = Routes("staff-photos", __name__, url_prefix="/api/staff/v1", description="Photos of a site")

_PHOTOS = "/sites/<string:site_id>/photos"
_PHOTO = _PHOTOS + "/<string:photo_id>"


@blp.get(_PHOTOS)
@requires(VIEW)
@blp.response(HTTPStatus.OK, wire.PhotoListView, example={"items": [wire.PHOTO], "next_cursor": None})
def list_photos(site_id: str) -> dict[str, Any]:
    """The photos in their order."""
    with reading() as session:
        site = get_desk_site(session, current_principal(), parse_id(site_id))
        return {"items": site.photos, "next_cursor": None}


@blp.post(_PHOTOS)
@requires(MANAGE)
@takes_a_file(MAX_UPLOAD_BYTES)
@blp.arguments(wire.PhotoFile, location="files")
@blp.arguments(wire.PhotoForm, location="form", content_type="multipart/form-data")
# Two locations of one body, which the library would document as a body and a parameter.
@blp.doc(parameters=[], requestBody={"content": {"multipart/form-data": {"schema": wire.PhotoUpload}}})
@blp.response(HTTPStatus.CREATED, wire.PhotoView, example=wire.PHOTO)
def add_photo(uploaded: dict[str, Any], form: dict[str, Any], site_id: str) -> Photo:
    """Add a picture, which is decoded and written anew without its metadata. The first one is the cover."""
    with reading() as session:
        look_at(session, site_id, MANAGE)
    # Outside the transaction: decoding takes long, and SQLite has one writer.
    uploaded["file"].stream.seek(0)
    image = files.current().save_image(uploaded["file"].stream.read())
    try:
        with atomic() as session:
            site = work_on(session, site_id)
            return photos.add_photo(
                session,
                site=site,
                image=image,
                alt=form["alt"],
                actor=current_actor(),
                now=clock.now(),
            )
    except BaseException:
        files.current().delete(image.name)
        raise


@blp.patch(_PHOTO)
@requires(MANAGE)
@blp.arguments(wire.EditPhotoBody, example={"cover": True})
@blp.response(HTTPStatus.OK, wire.PhotoView, example=wire.PHOTO)
def edit_photo(body: dict[str, Any], site_id: str, photo_id: str) -> Photo:
    """Change a photo's description or place, or make it the cover."""
    with atomic() as session:
        site = work_on(session, site_id)
        photo = get_part(session, Photo, parse_id(photo_id), site_id=site.id)
        photos.edit_photo(
            session, site=site, photo=photo, changes=body, actor=current_actor(), now=clock.now()
        )
        return photo


@blp.delete(_PHOTO)
@requires(MANAGE)
@blp.response(HTTPStatus.NO_CONTENT)
def remove_photo(site_id: str, photo_id: str) -> None:
    """Take a photo off the site."""
    with atomic() as session:
        site = work_on(session, site_id)
        photo = get_part(session, Photo, parse_id(photo_id), site_id=site.id)
        retiring.retire(session, site=site, part=photo, actor=current_actor(), now=clock.now())
