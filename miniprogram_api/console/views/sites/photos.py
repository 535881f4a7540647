"""The photos of a site: uploaded with what is said of them, decoded and written anew by the file store."""

from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.showcase import AltForm, PhotoForm
from miniprogram_api.console.pages import done, own_may, page, showing_refusals
from miniprogram_api.console.scope import look_at, work_on
from miniprogram_api.console.views.sites.retiring import PHOTOS, bin_of
from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.files import MAX_UPLOAD_BYTES, FileRejected
from miniprogram_api.kernel.files import StoredImage as Image
from miniprogram_api.sites.queries.desk import get_desk_site
from miniprogram_api.sites.service import Photo, photos
from miniprogram_api.sites.service.managed import get_part
from miniprogram_api.web import messages
from miniprogram_api.web.schemas import parse_id
from miniprogram_api.web.uploads import takes_a_file


@console.get("/sites/<string:site_id>/photos")
@signed_in("sites.view")
def list_photos(site_id: str) -> Response:
    """The photos in their order, and a form to add one."""
    return _show_photos(site_id, PhotoForm(formdata=None))


@console.post("/sites/<string:site_id>/photos")
@signed_in("sites.manage")
@takes_a_file(MAX_UPLOAD_BYTES)
def add_photo(site_id: str) -> Response:
    """Add a picture, written anew."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
    form = PhotoForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            if (image := _store(form)) is not None:
                _add(site_id, image, form.alt.data)
                return done(
                    url_for("console.list_photos", site_id=site.id), "照片已上传，小程序里马上能看到。"
                )
    return _show_photos(site_id, form)


def _show_photos(site_id: str, form: PhotoForm) -> Response:
    with reading() as session:
        site = get_desk_site(session, current_principal(), parse_id(site_id))
        retired = bin_of(session, PHOTOS, site)
    may_manage = own_may("sites.manage", site=site)
    return page("sites/photos.html", site=site, form=form, retired=retired, may_manage=may_manage)


def _store(form: PhotoForm) -> Image | None:
    """The picture, written anew; None when the file is none that we take, which the form then says."""
    try:
        # Outside the transaction: decoding takes long, and SQLite has one writer.
        return files.current().save_image(form.file.data.stream.read())
    except FileRejected as rejected:
        form.file.errors = [messages.text(rejected.code, rejected.params, english=False)]
        return None


def _add(site_id: str, image: Image, alt: str) -> None:
    try:
        with atomic() as session:
            photos.add_photo(
                session,
                site=work_on(session, site_id),
                image=image,
                alt=alt,
                actor=current_actor(),
                now=clock.now(),
            )
    except BaseException:
        files.current().delete(image.name)
        raise


@console.route("/sites/<string:site_id>/photos/<string:photo_id>", methods=["GET", "POST"])
@signed_in("sites.manage")
def edit_photo(site_id: str, photo_id: str) -> Response:
    """Say something else of a photo."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
        photo = get_part(session, Photo, parse_id(photo_id), site_id=site.id)
    form = AltForm(obj=photo)
    if form.validate_on_submit():
        with showing_refusals(form):
            _edit(site_id, photo_id, {"alt": form.alt.data})
            return done(url_for("console.list_photos", site_id=site.id), "文字说明已修改。")
    return page("sites/photo.html", site=site, form=form, photo=photo)


@console.post("/sites/<string:site_id>/photos/<string:photo_id>/cover")
@signed_in("sites.manage")
def make_cover(site_id: str, photo_id: str) -> Response:
    """Have a photo stand for the site in lists."""
    _edit(site_id, photo_id, {"cover": True})
    return done(url_for("console.list_photos", site_id=site_id), "封面已更换，列表里显示这张照片。")


def _edit(site_id: str, photo_id: str, changes: dict[str, Any]) -> None:
    with atomic() as session:
        site = work_on(session, site_id)
        photo = get_part(session, Photo, parse_id(photo_id), site_id=site.id)
        photos.edit_photo(
            session, site=site, photo=photo, changes=changes, actor=current_actor(), now=clock.now()
        )
