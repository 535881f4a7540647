"""A part of a picture becomes a picture of its own; the editor asks the same as a call."""

from flask import url_for
from werkzeug.wrappers import Response

from content.service import Asset, assets
from content.service.assets import get_managed_asset
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.calls import answer, is_call, refuse_form
from miniprogram_api.console.forms.writing import CropForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.views.writing.drafts import asset_facts
from miniprogram_api.console.views.writing.keeping import keeping_picture
from miniprogram_api.console.views.writing.places import WRITE
from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.schemas import parse_id


@console.route("/content/assets/<string:asset_id>/crop", methods=["GET", "POST"])
@signed_in(WRITE)
def crop_asset(asset_id: str) -> Response:
    """Say which part stays, in numbers or with the pointer."""
    with reading() as session:
        asset = get_managed_asset(session, current_principal(), WRITE, parse_id(asset_id))
    form = CropForm(data={"left": 0, "top": 0, "width": asset.width, "height": asset.height})
    if form.validate_on_submit():
        with showing_refusals(form):
            cut = _cut(asset, form)
            if is_call():
                return answer(asset_facts(cut))
            told = f"已裁剪并另存为新图片（{cut.width} × {cut.height} 像素）。"
            return done(url_for("console.show_asset", asset_id=cut.id), told)
    if is_call():
        refuse_form(form)
    return page("writing/crop.html", kept=asset, form=form, picture=asset_facts(asset))


def _cut(asset: Asset, form: CropForm) -> Asset:
    with (
        keeping_picture(lambda: files.current().crop_image(asset.file_name, form.box), form.width) as (
            image,
            sizes,
        ),
        atomic() as session,
    ):
        return assets.crop_asset(
            session,
            get_managed_asset(session, current_principal(), WRITE, asset.id),
            image,
            sizes,
            staff_id=current_principal().id,
            actor=current_actor(),
            now=clock.now(),
        )
