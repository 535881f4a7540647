"""Notices of a site: the public sees one as soon as it is saved."""

from flask import url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.showcase import NoticeForm
from miniprogram_api.console.pages import done, own_may, page, showing_refusals
from miniprogram_api.console.scope import look_at, work_on
from miniprogram_api.console.views.sites.retiring import NOTICES, bin_of
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.queries.notices import list_notices as find_notices
from miniprogram_api.sites.service import showcase

_SHOWN = "公告已发布，小程序里马上能看到。"


@console.get("/sites/<string:site_id>/notices")
@signed_in("sites.view")
def list_notices(site_id: str) -> Response:
    """The notices that are shown, and those taken down lately, which can be shown again."""
    with reading() as session:
        site = look_at(session, site_id)
        found = find_notices(session, site.id)
        retired = bin_of(session, NOTICES, site)
    may_manage = own_may("sites.manage", site=site)
    return page(
        "sites/notices.html",
        site=site,
        notices=found,
        retired=retired,
        may_manage=may_manage,
        today=clock.today(),
    )


@console.route("/sites/<string:site_id>/notices/new", methods=["GET", "POST"])
@signed_in("sites.manage")
def add_notice(site_id: str) -> Response:
    """Write a notice."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
    form = NoticeForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                showcase.add_notice(
                    session,
                    site=work_on(session, site_id),
                    title=form.title.data,
                    body=form.body.data,
                    last_on=form.last_on.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return done(url_for("console.list_notices", site_id=site.id), _SHOWN)
    return page("sites/notice.html", site=site, form=form)
