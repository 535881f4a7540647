"""Technologies that can be seen at a site, and its yearly indicators."""

from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.showcase import IndicatorForm, TechnologyForm
from miniprogram_api.console.pages import done, own_may, page, showing_refusals
from miniprogram_api.console.scope import look_at, work_on
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.queries.desk import get_desk_site
from miniprogram_api.sites.rules import indicator_kinds
from miniprogram_api.sites.service import Indicator, Technology, showcase
from miniprogram_api.sites.service.managed import get_part
from miniprogram_api.web.schemas import parse_id


@console.get("/sites/<string:site_id>/technologies")
@signed_in("sites.view")
def list_technologies(site_id: str) -> Response:
    """The technologies in their order."""
    with reading() as session:
        site = get_desk_site(session, current_principal(), parse_id(site_id))
    return page("sites/technologies.html", site=site, may_manage=own_may("sites.manage", site=site))


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


@console.route("/sites/<string:site_id>/technologies/<string:technology_id>/remove", methods=["GET", "POST"])
@signed_in("sites.manage")
def remove_technology(site_id: str, technology_id: str) -> Response:
    """Delete a technology, after a page that names it: it cannot be undone."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
        technology = get_part(session, Technology, parse_id(technology_id), site_id=site.id)
    form = TechnologyForm(obj=technology)
    if form.is_submitted():
        with atomic() as session:
            site = work_on(session, site_id)
            technology = get_part(session, Technology, parse_id(technology_id), site_id=site.id)
            showcase.remove_technology(
                session, site=site, technology=technology, actor=current_actor(), now=clock.now()
            )
        return _to_technologies(site_id, f"“{technology.name}”已删除。")
    return page(
        "sites/remove.html",
        site=site,
        what="技术",
        name=technology.name,
        effect="小程序里不再显示，公众也不能按这个名称搜到示范点。",
        back=url_for("console.list_technologies", site_id=site.id),
    )


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
    kinds = indicator_kinds(site.type)
    form.offer(kinds)
    names = {kind.code: kind for kind in kinds}
    may_manage = own_may("sites.manage", site=site)
    return page("sites/indicators.html", site=site, form=form, kinds=names, may_manage=may_manage)


def _set_indicator(site_id: str, form: IndicatorForm) -> None:
    values: dict[str, Any] = {name: form[name].data for name in ("kind", "year", "value", "source")}
    with atomic() as session:
        site = work_on(session, site_id)
        showcase.set_indicator(session, site=site, actor=current_actor(), now=clock.now(), **values)


@console.route("/sites/<string:site_id>/indicators/<string:indicator_id>/remove", methods=["GET", "POST"])
@signed_in("sites.manage")
def remove_indicator(site_id: str, indicator_id: str) -> Response:
    """Take back a value, after a page that names it."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
        indicator = get_part(session, Indicator, parse_id(indicator_id), site_id=site.id)
    if IndicatorForm().is_submitted():
        with atomic() as session:
            site = work_on(session, site_id)
            indicator = get_part(session, Indicator, parse_id(indicator_id), site_id=site.id)
            showcase.remove_indicator(
                session, site=site, indicator=indicator, actor=current_actor(), now=clock.now()
            )
        told = f"{indicator.year} 年的数值已删除。"
        return done(url_for("console.list_indicators", site_id=site_id), told)
    return page(
        "sites/remove.html",
        site=site,
        what="指标数值",
        name=f"{indicator.year} 年 {indicator.value} {indicator.unit}",
        effect="小程序里不再显示这一年的数值。",
        back=url_for("console.list_indicators", site_id=site.id),
    )
