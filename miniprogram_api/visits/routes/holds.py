"""Holds over HTTP: seats kept while a member fills in the form."""

from http import HTTPStatus
from typing import Any

from flask import Response

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic
from miniprogram_api.visits.models import Hold
from miniprogram_api.visits.schemas import booking_examples as examples
from miniprogram_api.visits.schemas import bookings as wire
from miniprogram_api.visits.service import holds
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.idempotency import answer, begin, idempotent
from miniprogram_api.web.limits import limited
from miniprogram_api.web.schemas import parse_id

blp = Routes("visits-holds", __name__, url_prefix="/api/v1", description="Seats kept for a while")


@blp.post("/holds")
@requires("visits.book")
@idempotent
@limited("booking_address", "300/minute", per="ip")
@limited("hold", "10/minute", per="principal")
@blp.arguments(wire.PlaceHoldBody, example=examples.PLACE_HOLD)
@blp.response(HTTPStatus.CREATED, wire.HoldView, example=examples.HOLD)
def place_hold(body: dict[str, Any]) -> Response:
    """Keep seats of a slot for some minutes."""
    with atomic() as session:
        begin(session)
        hold = holds.place_hold(
            session, member_id=current_principal().id, actor=current_actor(), now=clock.now(), **body
        )
        return answer(session, HTTPStatus.CREATED, wire.HoldView().dump(hold))


@blp.post("/holds/<string:hold_id>/extend")
@requires("visits.book")
@limited("booking_change", "30/minute", per="principal")
@blp.response(HTTPStatus.OK, wire.HoldView, example=examples.HOLD)
def extend_hold(hold_id: str) -> Hold:
    """Keep the seats for as long again, once."""
    with atomic() as session:
        return holds.extend_hold(
            session,
            hold_id=parse_id(hold_id),
            member_id=current_principal().id,
            actor=current_actor(),
            now=clock.now(),
        )


@blp.delete("/holds/<string:hold_id>")
@requires("visits.book")
@blp.response(HTTPStatus.NO_CONTENT)
def release_hold(hold_id: str) -> None:
    """Give the seats back at once."""
    with atomic() as session:
        holds.release_hold(
            session, hold_id=parse_id(hold_id), member_id=current_principal().id, actor=current_actor()
        )
