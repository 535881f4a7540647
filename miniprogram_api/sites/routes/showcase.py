"""Technologies, yearly indicators and notices of a site, managed by its staff."""

from http import HTTPStatus
from typing import Any

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Indicator, Notice, Technology
from miniprogram_api.sites.queries.desk import get_desk_site
from miniprogram_api.sites.routes.scope import MANAGE, VIEW, work_on
from miniprogram_api.sites.schemas import showcase as wire
from miniprogram_api.sites.service import retiring, showcase
from miniprogram_api.sites.service.managed import get_part
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.schemas import parse_id

blp = Routes(
    "staff-showcase", __name__, url_prefix="/api/staff/v1", description="What a site shows of itself"
)

_SITE = "/sites/<string:site_id>"


@blp.get(f"{_SITE}/technologies")
@requires(VIEW)
@blp.response(
    HTTPStatus.OK, wire.TechnologyListView, example={"items": [wire.TECHNOLOGY], "next_cursor": None}
)
def list_technologies(site_id: str) -> dict[str, Any]:
    """The technologies in their order."""
    with reading() as session:
        site = get_desk_site(session, current_principal(), parse_id(site_id))
        return {"items": site.technologies, "next_cursor": None}


@blp.post(f"{_SITE}/technologies")
@requires(MANAGE)
@blp.arguments(wire.TechnologyBody, example=wire.TECHNOLOGY_BODY)
@blp.response(HTTPStatus.CREATED, wire.TechnologyView, example=wire.TECHNOLOGY)
def add_technology(body: dict[str, Any], site_id: str) -> Technology:
    """Add a technology at the end; the public finds the site by its name too."""
    with atomic() as session:
        site = work_on(session, site_id)
        return showcase.add_technology(session, site=site, actor=current_actor(), now=clock.now(), **body)


@blp.patch(f"{_SITE}/technologies/<string:technology_id>")
@requires(MANAGE)
@blp.arguments(wire.EditTechnologyBody, example={"position": 0})
@blp.response(HTTPStatus.OK, wire.TechnologyView, example=wire.TECHNOLOGY)
def edit_technology(body: dict[str, Any], site_id: str, technology_id: str) -> Technology:
    """Change a technology's name, description or place."""
    with atomic() as session:
        site = work_on(session, site_id)
        technology = get_part(session, Technology, parse_id(technology_id), site_id=site.id)
        showcase.edit_technology(
            session,
            site=site,
            technology=technology,
            changes=body,
            actor=current_actor(),
            now=clock.now(),
        )
        return technology


@blp.delete(f"{_SITE}/technologies/<string:technology_id>")
@requires(MANAGE)
@blp.response(HTTPStatus.NO_CONTENT)
def remove_technology(site_id: str, technology_id: str) -> None:
    """Take a technology off the list."""
    with atomic() as session:
        site = work_on(session, site_id)
        technology = get_part(session, Technology, parse_id(technology_id), site_id=site.id)
        retiring.retire(session, site=site, part=technology, actor=current_actor(), now=clock.now())


@blp.get(f"{_SITE}/indicators")
@requires(VIEW)
@blp.response(HTTPStatus.OK, wire.IndicatorListView, example={"items": [wire.INDICATOR], "next_cursor": None})
def list_indicators(site_id: str) -> dict[str, Any]:
    """The stated values, the newest year first."""
    with reading() as session:
        site = get_desk_site(session, current_principal(), parse_id(site_id))
        return {"items": site.indicators, "next_cursor": None}


@blp.post(f"{_SITE}/indicators")
@requires(MANAGE)
@blp.arguments(wire.IndicatorBody, example=wire.INDICATOR_BODY)
@blp.response(HTTPStatus.CREATED, wire.IndicatorView, example=wire.INDICATOR)
def set_indicator(body: dict[str, Any], site_id: str) -> Indicator:
    """State the value of a year for an indicator of the site's type, in place of what was stated before."""
    with atomic() as session:
        site = work_on(session, site_id)
        return showcase.set_indicator(session, site=site, actor=current_actor(), now=clock.now(), **body)


@blp.delete(f"{_SITE}/indicators/<string:indicator_id>")
@requires(MANAGE)
@blp.response(HTTPStatus.NO_CONTENT)
def remove_indicator(site_id: str, indicator_id: str) -> None:
    """Take back a value."""
    with atomic() as session:
        site = work_on(session, site_id)
        indicator = get_part(session, Indicator, parse_id(indicator_id), site_id=site.id)
        retiring.retire(session, site=site, part=indicator, actor=current_actor(), now=clock.now())


@blp.get(f"{_SITE}/notices")
@requires(VIEW)
@blp.response(HTTPStatus.OK, wire.NoticeListView, example={"items": [wire.NOTICE], "next_cursor": None})
def list_notices(site_id: str) -> dict[str, Any]:
    """The notices that were not retired, the newest first."""
    with reading() as session:
        site = get_desk_site(session, current_principal(), parse_id(site_id))
        return {"items": site.notices, "next_cursor": None}


@blp.post(f"{_SITE}/notices")
@requires(MANAGE)
@blp.arguments(wire.NoticeBody, example=wire.NOTICE_BODY)
@blp.response(HTTPStatus.CREATED, wire.NoticeView, example=wire.NOTICE)
def add_notice(body: dict[str, Any], site_id: str) -> Notice:
    """Show a notice on the site's page, until the end of its last day if it has one."""
    with atomic() as session:
        site = work_on(session, site_id)
        return showcase.add_notice(session, site=site, actor=current_actor(), now=clock.now(), **body)


@blp.delete(f"{_SITE}/notices/<string:notice_id>")
@requires(MANAGE)
@blp.response(HTTPStatus.NO_CONTENT)
def retire_notice(site_id: str, notice_id: str) -> None:
    """Show a notice no longer."""
    with atomic() as session:
        site = work_on(session, site_id)
        notice = get_part(session, Notice, parse_id(notice_id), site_id=site.id)
        retiring.retire(session, site=site, part=notice, actor=current_actor(), now=clock.now())
