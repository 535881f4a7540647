"""The sites of a desk's scope: list, full view, editing, and the site's own opening state."""

from http import HTTPStatus
from typing import Any

from flask import jsonify

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.paging import Page
from miniprogram_api.sites.models import Site
from miniprogram_api.sites.queries.desk import DeskSearch, get_desk_site, list_managed_sites
from miniprogram_api.sites.routes.scope import MANAGE, VIEW, look_at, work_on
from miniprogram_api.sites.schemas import desk as wire
from miniprogram_api.sites.schemas.opening import DryRun, PreviewView
from miniprogram_api.sites.service import opening, profile
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.schemas import parse_id

blp = Routes("staff-sites", __name__, url_prefix="/api/staff/v1", description="Sites as their staff see them")


@blp.get("/sites")
@requires(VIEW)
@blp.arguments(wire.DeskFilter, location="query")
@blp.response(HTTPStatus.OK, wire.SummaryListView, example={"items": [wire.SUMMARY], "next_cursor": None})
def list_sites(query: dict[str, Any]) -> Page[Site]:
    """The sites of the caller's scope in any state, by rank."""
    limit, cursor = query.pop("limit"), query.pop("cursor")
    wanted = DeskSearch(**query | {"q": (query["q"] or "").strip() or None})
    with reading() as session:
        return list_managed_sites(session, current_principal(), wanted, limit=limit, cursor=cursor)


@blp.get("/sites/<string:site_id>")
@requires(VIEW)
@blp.response(HTTPStatus.OK, wire.DeskSiteView, example=wire.SITE)
def show_site(site_id: str) -> Site:
    """A site with everything it holds; what the registry owns stands under `registry`."""
    with reading() as session:
        return get_desk_site(session, current_principal(), parse_id(site_id))


@blp.patch("/sites/<string:site_id>")
@requires(MANAGE)
@blp.arguments(DryRun, location="query")
@blp.arguments(wire.EditSiteBody, example=wire.EDIT)
@blp.response(HTTPStatus.OK, wire.EditedSiteView, example=wire.SITE)
def edit_site(query: dict[str, Any], body: dict[str, Any], site_id: str) -> Any:
    """Change what the site says of itself; fields of the registry are refused (`sites.field_not_owned`).

    A dry run tells what another weekly closing day does to slots and bookings, and changes nothing.
    """
    if query["dry_run"]:
        with reading() as session:
            site = look_at(session, site_id, MANAGE)
            profile.check_owned(body)
            weekday = body.get("weekly_closing_weekday", site.weekly_closing_weekday)
            preview = opening.preview_weekly_closing(session, site=site, weekday=weekday, now=clock.now())
            return jsonify(PreviewView().dump(preview))
    with atomic() as session:
        site = work_on(session, site_id)
        profile.edit_site(session, site=site, changes=body, actor=current_actor(), now=clock.now())
        return get_desk_site(session, current_principal(), site.id)


@blp.post("/sites/<string:site_id>/overlay")
@requires(VIEW)
@blp.arguments(wire.OverlayBody, example=wire.OVERLAY_BODY)
@blp.response(HTTPStatus.OK, wire.OverlayView, example=wire.OVERLAY)
def move_overlay(body: dict[str, Any], site_id: str) -> Site:
    """Move the site's own opening state; opening to the public and closing for good take `sites.publish`."""
    with atomic() as session:
        return profile.move_overlay(
            session,
            principal=current_principal(),
            site_id=parse_id(site_id),
            actor=current_actor(),
            now=clock.now(),
            **body,
        )
