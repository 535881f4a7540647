"""Members' visits over HTTP: book, look, cancel, move, and the ticket."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.paging import Page
from miniprogram_api.visits import calendar, tickets
from miniprogram_api.visits.errors.bookings import TicketRevoked
from miniprogram_api.visits.personal import phone_index
from miniprogram_api.visits.queries import bookings as queries
from miniprogram_api.visits.queries.shown import BookingShown, TicketShown
from miniprogram_api.visits.schemas import booking_examples as examples
from miniprogram_api.visits.schemas import bookings as wire
from miniprogram_api.visits.service import booking, changes, rescheduling
from miniprogram_api.visits.service.booking_draft import Wish
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.idempotency import current_attempt, idempotent, respond
from miniprogram_api.web.limits import hit, limited
from miniprogram_api.web.schemas import parse_id

blp = Routes("visits-bookings", __name__, url_prefix="/api/v1", description="A member's visits")

# An instance: of a class webargs would make a new one, with all its fields, for each request.
_BOOK_VISIT = wire.BookVisitBody()
_PHONE_RATE = "3000/hour"
_PRIVATE = {"Cache-Control": "private, no-store"}


def _own(session: Session, booking_id: UUID) -> BookingShown:
    return queries.get_booking(session, booking_id, member_id=current_principal().id)


def _seen(booking_id: UUID) -> int:
    """The revision this request starts from; what changes it while the request waits wins."""
    with reading() as session:
        return queries.get_own_revision(session, booking_id, member_id=current_principal().id)


@blp.post("/bookings")
@requires("visits.book")
@idempotent
@limited("booking_address", "300/minute", per="ip")
@limited("booking", "10/minute", per="principal")
@blp.arguments(_BOOK_VISIT, example=examples.BOOK)
@blp.response(HTTPStatus.CREATED, wire.BookingView, example=examples.BOOKING)
def book_visit(body: dict[str, Any]) -> Response:
    """Book a visit; a full slot answers with the next open ones of its site."""
    wish = Wish(**body, member_id=current_principal().id, actor=current_actor())
    if wish.contact is not None:
        # Generous: many share the phone of a class or a family. Beyond it, a robot's accounts share one.
        hit("booking_phone", _PHONE_RATE, phone_index(wish.contact.phone).hex())
    booked = booking.book_visit(wish, attempt=current_attempt(), show=wire.show_booking, now=clock.now())
    return respond(HTTPStatus.CREATED, booked.answer)


@blp.get("/bookings")
@requires("visits.book")
@blp.arguments(wire.BookingFilter, location="query")
@blp.response(HTTPStatus.OK, wire.BookingsView, example=examples.BOOKINGS)
def list_bookings(wanted: dict[str, Any]) -> Page[BookingShown]:
    """One's own bookings: those to come with the next first, those that are over with the latest first."""
    with reading() as session:
        return queries.list_bookings(session, member_id=current_principal().id, now=clock.now(), **wanted)


@blp.get("/bookings/<string:booking_id>")
@requires("visits.book")
@blp.response(HTTPStatus.OK, wire.BookingView, example=examples.BOOKING)
def get_booking(booking_id: str) -> BookingShown:
    """One of one's own bookings."""
    with reading() as session:
        return _own(session, parse_id(booking_id))


@blp.post("/bookings/<string:booking_id>/cancel")
@requires("visits.book")
@limited("booking_change", "30/minute", per="principal")
@blp.arguments(wire.CancelBody, required=False, example=examples.CANCEL)
@blp.response(HTTPStatus.OK, wire.BookingView, example=examples.BOOKING)
def cancel_booking(body: dict[str, Any], booking_id: str) -> BookingShown:
    """Cancel a booking, or part of its party: the rest gets a new ticket."""
    seen = _seen(parse_id(booking_id))
    with atomic() as session:
        changes.cancel_own_visit(
            session,
            booking_id=parse_id(booking_id),
            member_id=current_principal().id,
            seen=seen,
            actor=current_actor(),
            now=clock.now(),
            **body,
        )
        return _own(session, parse_id(booking_id))


@blp.post("/bookings/<string:booking_id>/reschedule")
@requires("visits.book")
@limited("booking_change", "30/minute", per="principal")
@blp.arguments(wire.RescheduleBody, example=examples.RESCHEDULE)
@blp.response(HTTPStatus.OK, wire.BookingView, example=examples.BOOKING)
def reschedule_booking(body: dict[str, Any], booking_id: str) -> BookingShown:
    """Move a booking to another slot of its site, or leave it untouched."""
    seen = _seen(parse_id(booking_id))
    with atomic() as session:
        rescheduling.reschedule_visit(
            session,
            booking_id=parse_id(booking_id),
            member_id=current_principal().id,
            seen=seen,
            actor=current_actor(),
            now=clock.now(),
            **body,
        )
        return _own(session, parse_id(booking_id))


@blp.get("/bookings/<string:booking_id>/ticket")
@requires("visits.book")
@blp.response(HTTPStatus.OK, wire.TicketView, example=examples.TICKET)
def get_ticket(booking_id: str) -> TicketShown:
    """The current ticket; a cancelled booking has none."""
    with reading() as session:
        return _ticket_of(_own(session, parse_id(booking_id)))


@blp.get("/bookings/<string:booking_id>/ticket.png")
@requires("visits.book")
@limited("ticket_picture", "60/minute", per="principal")
@blp.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="image/png")
def get_ticket_picture(booking_id: str) -> Response:
    """The current ticket as a QR code."""
    with reading() as session:
        ticket = _ticket_of(_own(session, parse_id(booking_id)))
    return Response(tickets.as_png(ticket.code), content_type="image/png", headers=_PRIVATE)


@blp.get("/bookings/<string:booking_id>/calendar.ics")
@requires("visits.book")
@blp.response(HTTPStatus.OK, {"type": "string"}, content_type="text/calendar")
def get_calendar_file(booking_id: str) -> Response:
    """The visit as an iCalendar file."""
    with reading() as session:
        found = _own(session, parse_id(booking_id))
    return Response(calendar.visit_file(found), content_type=calendar.CONTENT_TYPE, headers=_PRIVATE)


@blp.get("/bookings/<string:booking_id>/phone-calendar")
@requires("visits.book")
@blp.response(HTTPStatus.OK, wire.PhoneCalendarView, example=examples.PHONE_CALENDAR)
def get_phone_calendar(booking_id: str) -> dict[str, Any]:
    """The visit as the mini-program hands it to the phone's calendar."""
    with reading() as session:
        return calendar.phone_calendar(_own(session, parse_id(booking_id)))


def _ticket_of(shown: BookingShown) -> TicketShown:
    if shown.ticket is None:
        raise TicketRevoked
    return shown.ticket
