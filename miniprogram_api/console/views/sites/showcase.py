"""Technologies that can be seen at a site, and its yearly indicators."""

from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.showcase import IndicatorForm, TechnologyForm
from miniprogram_api.console.pages import done, own_may, page, showing_refusals
from miniprogram_api.console.scope import look_at, work_on
from miniprogram_api.console.views.sites.retiring import INDICATORS, TECHNOLOGIES, bin_of
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.queries.desk import get_desk_site
from miniprogram_api.sites.rules import indicator_kinds
from miniprogram_api.sites.service import Technology, showcase
from miniprogram_api.sites.service.managed import get_part
from miniprogram_api.web.schemas import parse_id


@console.get("/sites/<string:site_id>/technologies")
@signed_in("sites.view")
def list_technologies(site_id: str) -> Response:
    """The technologies in their order."""
    with reading() as session:
        site = get_desk_site(session, current_principal(), parse_id(site_id))
        retired = bin_of(session, TECHNOLOGIES, site)
    may_manage = own_may("sites.manage", site=site)
    return page("sites/technologies.html", site=site, retired=retired, may_manage=may_manage)


@console.route("/sites/<string:site_id>/technologies/new", methods=["GET", "POST"])
@signed_in("sites.manage")
def add_technology(site_id: str) -> Response:
    """Add a technology; the public finds the site by its name too."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
    form = TechnologyForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                showcase.add_technology(
                    session,
                    site=work_on(session, site_id),
                    name=form.name.data,
                    description=form.description.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return _to_technologies(site_id, f"“{form.name.data}”已加入，公众按名称可以搜到。")
    return page("sites/technology.html", site=site, form=form, technology=None)


@console.route("/sites/<string:site_id>/technologies/<string:technology_id>", methods=["GET", "POST"])
@signed_in("sites.manage")
def edit_technology(site_id: str, technology_id: str) -> Response:
    """Change a technology."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
        technology = get_part(session, Technology, parse_id(technology_id), site_id=site.id)
    form = TechnologyForm(obj=technology)
    if form.validate_on_submit():
        with showing_refusals(form):
            changes = {"name": form.name.data, "description": form.description.data}
            with atomic() as session:
                site = work_on(session, site_id)
                technology = get_part(session, Technology, parse_id(technology_id), site_id=site.id)
                showcase.edit_technology(
                    session,
                    site=site,
                    technology=technology,
                    changes=changes,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return _to_technologies(site_id, f"“{form.name.data}”已保存。")
    return page("sites/technology.html", site=site, form=form, technology=technology)


def _to_technologies(site_id: str, told: str) -> Response:
    return done(url_for("console.list_technologies", site_id=site_id), told)


@console.get("/sites/<string:site_id>/indicators")
@signed_in("sites.view")
def list_indicators(site_id: str) -> Response:
    """The stated values by year, and a form to state one."""
    form = IndicatorForm(formdata=None, data={"year": clock.today().year - 1})
    return _show_indicators(site_id, form)


@console.post("/sites/<string:site_id>/indicators")
@signed_in("sites.manage")
def set_indicator(site_id: str) -> Response:
    """State the value of a year."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
    form = IndicatorForm()
    form.offer(indicator_kinds(site.type))
    if form.validate_on_submit():
        with showing_refusals(form):
            _set_indicator(site_id, form)
            told = f"{form.year.data} 年的数值已保存，小程序里马上更新。"
            return done(url_for("console.list_indicators", site_id=site.id), told)
    return _show_indicators(site_id, form)


def _show_indicators(site_id: str, form: IndicatorForm) -> Response:
    with reading() as session:
        site = get_desk_site(session, current_principal(), parse_id(site_id))
        retired = bin_of(session, INDICATORS, site)
    kinds = indicator_kinds(site.type)
    form.offer(kinds)
    names = {kind.code: kind for kind in kinds}
    return page(
        "sites/indicators.html",
        site=site,
        form=form,
        kinds=names,
        retired=retired,
        may_manage=own_may("sites.manage", site=site),
    )


def _set_indicator(site_id: str, form: IndicatorForm) -> None:
    values: dict[str, Any] = {name: form[name].data for name in ("kind", "year", "value", "source")}
    with atomic() as session:
        site = work_on(session, site_id)
        showcase.set_indicator(session, site=site, actor=current_actor(), now=clock.now(), **values)
