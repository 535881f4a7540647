"""Calendar feeds over HTTP: opening and closing a secret address, and what stands behind it."""

from http import HTTPStatus
from typing import Any

from flask import Response, current_app, url_for

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits import calendar
from miniprogram_api.visits.queries import bookings, feeds
from miniprogram_api.visits.schemas import booking_examples as examples
from miniprogram_api.visits.schemas import bookings as wire
from miniprogram_api.visits.service.feeds import close_feed, open_feed
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, public, requires
from miniprogram_api.web.limits import limited
from miniprogram_api.web.schemas import parse_id

blp = Routes("visits-calendars", __name__, url_prefix="/api/v1", description="Calendars to subscribe to")
staff_blp = Routes("staff-calendars", __name__, url_prefix="/api/staff/v1", description="Calendars of sites")

_MOST_VISITS = 300


@blp.post("/me/calendar-feed")
@requires("visits.book")
@limited("calendar_feed", "10/hour", per="principal")
@blp.response(HTTPStatus.CREATED, wire.FeedView, example=examples.FEED)
def open_own_feed() -> dict[str, Any]:
    """A new secret address of one's visits; the former one ends."""
    with atomic() as session:
        return _shown(
            open_feed(session, member_id=current_principal().id, actor=current_actor(), now=clock.now())
        )


@blp.delete("/me/calendar-feed")
@requires("visits.book")
@blp.response(HTTPStatus.NO_CONTENT)
def close_own_feed() -> None:
    """End the secret address of one's visits."""
    with atomic() as session:
        close_feed(session, member_id=current_principal().id, actor=current_actor(), now=clock.now())


@blp.get("/calendars/<string:token>.ics")
@public
@limited("calendar", "60/minute", per="ip")
@blp.response(HTTPStatus.OK, {"type": "string"}, content_type="text/calendar")
def get_feed(token: str) -> Response:
    """The calendar behind a secret address: a member's visits, or a site's slots."""
    now = clock.now()
    with reading() as session:
        owner = feeds.get_feed_owner(session, token)
        if owner.member_id is not None:
            visits = bookings.list_upcoming_of_member(
                session, member_id=owner.member_id, since=now - feeds.LOOKS_BACK, limit=_MOST_VISITS
            )
            content = calendar.visits_feed(visits)
        else:
            assert owner.site_id is not None  # noqa: S101  a CHECK of the table
            since = now - feeds.SITE_LOOKS_BACK
            slots = feeds.list_feed_slots(session, site_id=owner.site_id, since=since)
            content = calendar.site_feed(owner.site_name, slots, now=now)
    return Response(content, content_type=calendar.CONTENT_TYPE, headers={"Cache-Control": "private"})


@staff_blp.post("/sites/<string:site_id>/calendar-feed")
@requires("slots.manage")
@staff_blp.response(HTTPStatus.CREATED, wire.FeedView, example=examples.FEED)
def open_site_feed(site_id: str) -> dict[str, Any]:
    """A new secret address of a site's slots with how many come; the former one ends."""
    with atomic() as session:
        site = get_managed_site(session, current_principal(), "slots.manage", parse_id(site_id))
        return _shown(open_feed(session, site_id=site.id, actor=current_actor(), now=clock.now()))


@staff_blp.delete("/sites/<string:site_id>/calendar-feed")
@requires("slots.manage")
@staff_blp.response(HTTPStatus.NO_CONTENT)
def close_site_feed(site_id: str) -> None:
    """End the secret address of a site's slots."""
    with atomic() as session:
        site = get_managed_site(session, current_principal(), "slots.manage", parse_id(site_id))
        close_feed(session, site_id=site.id, actor=current_actor(), now=clock.now())


def _shown(token: str) -> dict[str, Any]:
    """A secret address is under ours, where that is known, and not under whatever Host the caller named."""
    ours = current_app.extensions["settings"].public_base_url.rstrip("/")
    path = url_for("visits-calendars.get_feed", token=token, _external=not ours)
    return {"url": f"{ours}{path}"}
