"""The library of pictures: added with what must be known of them, found, and not taken out while shown."""

from pathlib import PurePath

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from content.errors import AssetInUse, AssetMissing
from content.queries import assets as library
from content.service import Asset, assets
from content.service.assets import get_managed_asset
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.calls import answer, is_call, refuse_form
from miniprogram_api.console.forms.writing import AssetFactsForm, AssetForm, AssetSearch
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.views.writing.drafts import asset_facts
from miniprogram_api.console.views.writing.keeping import keeping_picture
from miniprogram_api.console.views.writing.places import WRITE, list_places, read_place, say_place
from miniprogram_api.identity.queries_people import names_of_staff
from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.files import MAX_UPLOAD_BYTES
from miniprogram_api.web.schemas import parse_id
from miniprogram_api.web.uploads import takes_a_file

_VIEW = "content.view"
_PER_PAGE, _IN_BIN = 24, 50
_MOST_TITLE = 60


@console.get("/content/assets")
@signed_in(_VIEW)
def list_assets() -> Response:
    """The pictures of the library, the newest first."""
    form, principal = AssetSearch(request.args), current_principal()
    form.validate()
    asked = {"q": None if form.q.errors else form.q.data, "unused": form.which.data == "unused"}
    mine = principal.id if form.which.data == "mine" else None
    with reading() as session:
        found = library.list_assets(
            session,
            principal,
            **asked,
            uploaded_by=mine,
            limit=_PER_PAGE,
            cursor=request.args.get("cursor"),
        )
        people = names_of_staff(session, [row.asset.uploaded_by for row in found.items])
    return page(
        "writing/assets.html",
        assets=found,
        people=people,
        filters=form,
        form=None,
        narrowed=any(asked.values()) or mine is not None,
        may_write=principal.may(WRITE),
        look=asset_facts,
    )


@console.get("/content/assets/bin")
@signed_in(_VIEW)
def list_removed_assets() -> Response:
    """The pictures that were taken out less than thirty days ago."""
    with reading() as session:
        found = library.list_assets(
            session,
            current_principal(),
            removed=True,
            limit=_PER_PAGE,
            cursor=request.args.get("cursor"),
        )
    may_write = current_principal().may(WRITE)
    return page("writing/removed_assets.html", assets=found, may_write=may_write, look=asset_facts)


@console.route("/content/assets/new", methods=["GET", "POST"])
@signed_in(WRITE)
@takes_a_file(MAX_UPLOAD_BYTES)
def add_asset() -> Response:
    """Keep another picture, written anew in several sizes; the editor asks the same as a call."""
    form = AssetForm()
    with reading() as session:
        form.offer(list_places(session, current_principal()))
    if form.validate_on_submit():
        with showing_refusals(form):
            asset = _add(form)
            if is_call():
                return answer(asset_facts(asset))
            return done(
                url_for("console.show_asset", asset_id=asset.id), "图片已加入素材库，可以用在文章里了。"
            )
    if is_call():
        refuse_form(form)
    return page("writing/new_asset.html", form=form)


def _add(form: AssetForm) -> Asset:
    facts = form.facts
    facts["title"] = facts["title"] or PurePath(form.file.data.filename or "").stem[:_MOST_TITLE] or "图片"
    uploaded = form.file.data.stream.read()
    # Outside the transaction: decoding takes long, and SQLite has one writer.
    written = keeping_picture(lambda: files.current().save_image(uploaded), form.file)
    with written as (image, sizes), atomic() as session:
        principal = current_principal()
        place = read_place(session, principal, form.place.data)
        return assets.add_asset(
            session,
            image,
            sizes,
            title=facts["title"],
            alt=facts["alt"],
            source=facts["source"],
            licence=facts["licence"],
            organisation_id=place.organisation_id,
            site_id=place.site_id,
            staff_id=principal.id,
            actor=current_actor(),
            now=clock.now(),
        )


@console.route("/content/assets/<string:asset_id>", methods=["GET", "POST"])
@signed_in(WRITE)
def show_asset(asset_id: str) -> Response:
    """One picture with all that is known of it, to be described otherwise, and where it is shown."""
    with reading() as session:
        asset = get_managed_asset(session, current_principal(), WRITE, parse_id(asset_id))
        uses = library.list_uses(session, asset.id, current_principal())
        place = say_place(session, asset)
        people = names_of_staff(session, [asset.uploaded_by])
    form = AssetFactsForm(obj=asset)
    form.offer_licence(asset.licence)
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                asset = get_managed_asset(session, current_principal(), WRITE, parse_id(asset_id))
                assets.edit_asset(session, asset, changes=form.facts, actor=current_actor())
            return done(url_for("console.show_asset", asset_id=asset_id), "图片的说明已保存。")
    return page(
        "writing/asset.html",
        kept=asset,
        form=form,
        uses=uses,
        place=place,
        uploader=people.get(str(asset.uploaded_by), ""),
        picture=asset_facts(asset),
    )


@console.post("/content/assets/<string:asset_id>/remove")
@signed_in(WRITE)
def remove_asset(asset_id: str) -> Response:
    """Take a picture out of the library; one that is shown somewhere stays, and its page says where."""
    try:
        with atomic() as session:
            asset = _managed(session, asset_id)
            assets.remove_asset(session, asset, actor=current_actor(), now=clock.now())
            title = asset.title
    except AssetInUse:
        return _still_used(asset_id)
    return done(url_for("console.list_removed_assets"), f"图片“{title}”已删除，30 天内可以恢复。")


def _managed(session: Session, asset_id: str, *, removed: bool = False) -> Asset:
    return get_managed_asset(session, current_principal(), WRITE, parse_id(asset_id), removed=removed)


def _still_used(asset_id: str) -> Response:
    with reading() as session:
        asset = _managed(session, asset_id)
        uses = library.list_uses(session, asset.id, current_principal())
    return page("writing/asset_in_use.html", status=409, kept=asset, uses=uses, picture=asset_facts(asset))


@console.post("/content/assets/<string:asset_id>/restore")
@signed_in(WRITE)
def restore_asset(asset_id: str) -> Response:
    """Put it back; one that is back already stays."""
    with atomic() as session:
        try:
            asset = _managed(session, asset_id, removed=True)
        except AssetMissing:
            asset = _managed(session, asset_id)
        assets.put_asset_back(session, asset, actor=current_actor(), now=clock.now())
        title = asset.title
    return done(url_for("console.show_asset", asset_id=asset_id), f"图片“{title}”已恢复。")
