"""Strikes over HTTP: staff correct what was wrongly held against somebody, members see their own standing."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.paging import Page
from miniprogram_api.sites.errors import SiteMissing
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits.models import Booking, BookingStatus
from miniprogram_api.visits.queries import bookings as booking_queries
from miniprogram_api.visits.queries import standing as queries
from miniprogram_api.visits.queries.standing import StandingShown, StrikeShown
from miniprogram_api.visits.schemas import gate as wire
from miniprogram_api.visits.schemas import gate_examples as examples
from miniprogram_api.visits.service import no_shows, standing
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.schemas import Paging, parse_id

blp = Routes(
    "staff-standing", __name__, url_prefix="/api/staff/v1", description="No-shows and strikes of a site"
)
me_blp = Routes(
    "members-standing", __name__, url_prefix="/api/v1", description="A member's standing as a visitor"
)


@blp.post("/bookings/<string:booking_id>/no-show-correction")
@requires("bookings.manage")
@blp.arguments(wire.NoShowCorrectionBody, example={"outcome": "admitted", "reason": "闸机故障，人工放行"})
@blp.response(HTTPStatus.OK, wire.CorrectedView, example=examples.CORRECTED)
def correct_no_show(body: dict[str, Any], booking_id: str) -> Booking:
    """Say what really became of a visit marked as missed; its strike, and a ban resting on it, are gone."""
    with atomic() as session:
        booking = _managed_booking(session, parse_id(booking_id))
        came = body["seats"] or booking.seats
        return no_shows.correct_no_show(
            session,
            booking_id=booking.id,
            came=came if body["outcome"] == BookingStatus.ADMITTED else 0,
            reason=body["reason"],
            actor=current_actor(),
            now=clock.now(),
        )


@blp.get("/sites/<string:site_id>/strikes")
@requires("strikes.manage")
@blp.arguments(Paging, location="query")
@blp.response(HTTPStatus.OK, wire.StrikesView, example={"items": [examples.STRIKE], "next_cursor": None})
def list_strikes(paging: dict[str, Any], site_id: str) -> Page[StrikeShown]:
    """The strikes given for visits to a site, the latest first."""
    with reading() as session:
        site = get_managed_site(session, current_principal(), "strikes.manage", parse_id(site_id))
        return queries.list_strikes(session, site_id=site.id, **paging)


@blp.post("/strikes/<string:strike_id>/waive")
@requires("strikes.manage")
@blp.arguments(wire.WaiveBody, example={"reason": "暴雪，交通中断"})
@blp.response(HTTPStatus.OK, wire.StrikeView, example=examples.STRIKE)
def waive_strike(body: dict[str, Any], strike_id: str) -> StrikeShown:
    """Take a strike back; a ban that rests on it ends."""
    with atomic() as session:
        site_id = queries.get_strike(session, parse_id(strike_id)).site_id
        _check_site(session, "strikes.manage", site_id)
        return standing.waive_strike(
            session,
            strike_id=parse_id(strike_id),
            site_id=site_id,
            reason=body["reason"],
            actor=current_actor(),
            now=clock.now(),
        )


@me_blp.get("/me/standing")
@requires("member.self")
@me_blp.response(HTTPStatus.OK, wire.StandingView, example=examples.STANDING)
def show_my_standing() -> StandingShown:
    """What the caller's missed and late-cancelled visits amount to, and until when they are barred."""
    with reading() as session:
        return queries.show_standing(session, current_principal().id, now=clock.now())


def _managed_booking(session: Session, booking_id: UUID) -> Any:
    booking = booking_queries.get_managed_booking(session, booking_id)
    _check_site(session, "bookings.manage", booking.site.id)
    return booking


def _check_site(session: Session, permission: str, site_id: UUID) -> None:
    """Another site's object is not there, as if it did not exist."""
    try:
        get_managed_site(session, current_principal(), permission, site_id)
    except SiteMissing:
        raise NotFound from None
