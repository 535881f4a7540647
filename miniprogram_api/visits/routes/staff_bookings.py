"""Bookings for a site's staff: who comes, booking for callers and at the window, cancelling."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import Forbidden, NotFound
from miniprogram_api.kernel.paging import Page
from miniprogram_api.sites.errors import SiteMissing
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits.queries import bookings as queries
from miniprogram_api.visits.queries import desk
from miniprogram_api.visits.queries import slots as slot_queries
from miniprogram_api.visits.queries.shown import BookingShown
from miniprogram_api.visits.schemas import booking_examples as examples
from miniprogram_api.visits.schemas import bookings as wire
from miniprogram_api.visits.schemas import revealing as revealed
from miniprogram_api.visits.service import booking, changes, revealing
from miniprogram_api.visits.service.booking_draft import Wish
from miniprogram_api.visits.service.revealing import RevealedContact
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.idempotency import current_attempt, idempotent, respond
from miniprogram_api.web.limits import limited
from miniprogram_api.web.schemas import parse_id

_REVEAL = revealing.PERMISSION

blp = Routes("staff-bookings", __name__, url_prefix="/api/staff/v1", description="Bookings of a managed site")


def _check_booking(session: Session, permission: str, booking_id: UUID) -> int:
    """A booking outside the caller's scope is one that is not there; the revision of one within."""
    booking = queries.get_whereabouts(session, booking_id)
    try:
        get_managed_site(session, current_principal(), permission, booking.site_id)
    except SiteMissing:
        raise NotFound from None
    return booking.revision


@blp.get("/sites/<string:site_id>/bookings")
@requires("bookings.view")
@blp.arguments(wire.DeskBookingFilter, location="query")
@blp.response(HTTPStatus.OK, wire.BookingsView, example=examples.BOOKINGS)
def list_bookings(wanted: dict[str, Any], site_id: str) -> Page[BookingShown]:
    """A site's bookings by time, personal data masked; from today on unless asked otherwise."""
    with reading() as session:
        site = get_managed_site(session, current_principal(), "bookings.view", parse_id(site_id))
        return desk.list_site_bookings(session, site_id=site.id, today=clock.today(), **wanted)


@blp.get("/bookings/<string:booking_id>")
@requires("bookings.view")
@blp.response(HTTPStatus.OK, wire.BookingView, example=examples.BOOKING)
def get_booking(booking_id: str) -> BookingShown:
    """One booking, personal data masked."""
    with reading() as session:
        _check_booking(session, "bookings.view", parse_id(booking_id))
        return queries.get_managed_booking(session, parse_id(booking_id))


@blp.post("/sites/<string:site_id>/bookings")
@requires("bookings.manage")
@idempotent
@blp.arguments(wire.DeskBookVisitBody, example=examples.DESK_BOOK)
@blp.response(HTTPStatus.CREATED, wire.BookingView, example=examples.BOOKING)
def book_for_caller(body: dict[str, Any], site_id: str) -> Response:
    """Book by phone or at the window under the same rules; an override takes a permission and a reason."""
    override = body.pop("override")
    with reading() as session:
        _check_slot(session, parse_id(site_id), body["slot_id"], overrides=override is not None)
    reason = override["reason"] if override else None
    wish = Wish(**body, member_id=None, override_reason=reason, actor=current_actor())
    booked = booking.book_visit(wish, attempt=current_attempt(), show=wire.show_booking, now=clock.now())
    return respond(HTTPStatus.CREATED, booked.answer)


def _check_slot(session: Session, site_id: UUID, slot_id: UUID, *, overrides: bool) -> None:
    principal = current_principal()
    site = get_managed_site(session, principal, "bookings.manage", site_id)
    if slot_queries.get_site_id(session, slot_id) != site.id:
        raise NotFound
    may_override = principal.may_at("bookings.override", site_id=site.id, organisation_id=site.operator_id)
    if overrides and not may_override:
        raise Forbidden


@blp.post("/bookings/<string:booking_id>/reveal")
@requires(_REVEAL)
@limited("reveal", "60/hour", per="principal")
@blp.arguments(revealed.RevealBody, example=revealed.REVEAL)
@blp.response(HTTPStatus.OK, revealed.RevealedContactView, example=revealed.REVEALED)
def reveal_contact(body: dict[str, Any], booking_id: str) -> RevealedContact:
    """The name and phone of a booking in full, for a reason; each look goes to the audit trail."""
    wanted = parse_id(booking_id)
    with atomic() as session:
        _check_booking(session, _REVEAL, wanted)
        contact = revealing.reveal_contact(
            session, booking_id=wanted, actor=current_actor(), reason=body["reason"]
        )
    revealing.count_reveals(current_principal(), 1)
    return contact


@blp.post("/bookings/<string:booking_id>/cancel")
@requires("bookings.manage")
@blp.arguments(wire.DeskCancelBody, example=examples.CANCEL)
@blp.response(HTTPStatus.OK, wire.BookingView, example=examples.BOOKING)
def cancel_booking(body: dict[str, Any], booking_id: str) -> BookingShown:
    """Cancel a booking as the site, or part of its party; it never counts against the member."""
    with reading() as session:
        seen = _check_booking(session, "bookings.manage", parse_id(booking_id))
    with atomic() as session:
        changes.cancel_for_site(
            session,
            booking_id=parse_id(booking_id),
            seen=seen,
            actor=current_actor(),
            now=clock.now(),
            **body,
        )
        return queries.get_managed_booking(session, parse_id(booking_id))
