"""The gate over HTTP, for devices and gate staff of one site."""

from http import HTTPStatus
from typing import Any

from prometheus_client import Counter

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.kernel.paging import Page
from miniprogram_api.visits.queries import occupancy, scans
from miniprogram_api.visits.queries.occupancy import Occupancy
from miniprogram_api.visits.queries.scans import ScanSeen
from miniprogram_api.visits.routes.gate_views import lookup_view, scan_view
from miniprogram_api.visits.rules.party import Party
from miniprogram_api.visits.schemas import gate as wire
from miniprogram_api.visits.schemas import gate_examples as examples
from miniprogram_api.visits.service import departures, gate, lookups, undoing, walk_ins
from miniprogram_api.visits.service.departures import Left
from miniprogram_api.visits.service.gate import Attempt, scanner_of
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.limits import hit
from miniprogram_api.web.schemas import parse_id

blp = Routes(
    "staff-gate", __name__, url_prefix="/api/staff/v1/gate", description="Admission at a site's gates"
)

SCANS = Counter(
    "ticket_scans_total", "Scans by result, and by whether the code was typed", ["result", "typed"]
)
_TYPED_RATE = "10/minute"


@blp.post("/scans")
@requires("gate.scan")
@blp.arguments(wire.ScanBody, example=examples.SCAN)
@blp.response(HTTPStatus.OK, wire.ScanView, example=examples.SCANNED)
def scan(body: dict[str, Any]) -> dict[str, Any]:
    """Admit a party or part of it, once. A refusal is an answer with its `result`, not an error."""
    principal = current_principal()
    typed = gate.is_typed(body["code"])
    if typed:
        # Short codes can be guessed, signed ones cannot.
        hit("gate.typed_code", _TYPED_RATE, scanner_of(principal), fail_closed=True)
    request = gate.read_request(
        principal,
        gate.attempt_of_scan(principal, body),
        code=body["code"],
        heads=body["seats"],
        scanned_at=body["scanned_at"],
        offline=body["offline"],
        now=clock.now(),
    )
    answer = gate.scan(principal, request, actor=current_actor())
    SCANS.labels(answer.result.value, str(typed).lower()).inc()
    return scan_view(answer)


@blp.post("/lookups")
@requires("gate.scan")
@blp.arguments(wire.LookupBody, example=examples.LOOKUP)
@blp.response(HTTPStatus.OK, wire.LookupView, example=examples.LOOKED_UP)
def look_up(body: dict[str, Any]) -> dict[str, Any]:
    """Say what a scan would be answered, and whom it would let in, for a person to confirm. No effect."""
    principal = current_principal()
    if gate.is_typed(body["code"]):
        hit("gate.typed_lookup", _TYPED_RATE, scanner_of(principal), fail_closed=True)
    request = gate.read_request(
        principal,
        gate.attempt_of_scan(principal, body | {"nonce": "", "seats": None}),
        code=body["code"],
        heads=None,
        scanned_at=None,
        offline=False,
        now=clock.now(),
    )
    with reading() as session:
        answer = lookups.look_up(session, principal, request)
    return lookup_view(answer)


@blp.get("/scans")
@requires("gate.scan")
@blp.arguments(wire.ScanFilter, location="query")
@blp.response(HTTPStatus.OK, wire.ScansView, example=examples.SCANS)
def list_scans(query: dict[str, Any]) -> Page[ScanSeen]:
    """The scans of a site's day, the latest first: refused ones too, and undone ones with the reason."""
    on = query.pop("on") or clock.today()
    with reading() as session:
        gate.check_scope(session, current_principal(), "gate.scan", query["site_id"])
        return scans.list_scans(session, on=on, **query)


@blp.post("/scans/<string:scan_id>/undo")
@requires("gate.undo")
@blp.arguments(wire.UndoBody, example={"reason": "扫错了人"})
@blp.response(HTTPStatus.OK, wire.ScanView, example=examples.UNDONE)
def undo_scan(body: dict[str, Any], scan_id: str) -> dict[str, Any]:
    """Take an admission back within 15 minutes; the scan stays in the history and the ticket admits again."""
    with atomic() as session:
        answer = undoing.undo_scan(
            session,
            scan_id=parse_id(scan_id),
            principal=current_principal(),
            reason=body["reason"],
            actor=current_actor(),
            now=clock.now(),
        )
    return scan_view(answer)


@blp.post("/walk-ins")
@requires("gate.scan")
@blp.arguments(wire.WalkInBody, example=examples.WALK_IN)
@blp.response(HTTPStatus.CREATED, wire.ScanView, example=examples.WALKED_IN)
def admit_walk_in(body: dict[str, Any]) -> dict[str, Any]:
    """Let people without a booking in, as far as the slot has places; the nonce makes a repeat harmless."""
    party = Party(body["party"]["adults"], body["party"]["children"], body["wheelchairs"])
    if party.seats == 0:
        raise Invalid(fields=[FieldError("party", "field.range")])
    if party.wheelchairs > party.seats:
        raise Invalid(fields=[FieldError("wheelchairs", "field.range")])
    answer = walk_ins.admit_walk_in(
        current_principal(),
        _attempt(body),
        slot_id=body["slot_id"],
        party=party,
        actor=current_actor(),
        now=clock.now(),
    )
    return scan_view(answer)


@blp.post("/departures")
@requires("gate.scan")
@blp.arguments(wire.DepartureBody, example=examples.DEPARTURE)
@blp.response(HTTPStatus.CREATED, wire.DepartureView, example=examples.DEPARTED)
def count_out(body: dict[str, Any]) -> Left:
    """Count people who leave."""
    return departures.count_out(
        current_principal(), _attempt(body), seats=body["seats"], actor=current_actor(), now=clock.now()
    )


@blp.get("/occupancy")
@requires("gate.scan")
@blp.arguments(wire.OccupancyFilter, location="query")
@blp.response(HTTPStatus.OK, wire.OccupancyView, example=examples.OCCUPANCY)
def show_occupancy(query: dict[str, Any]) -> Occupancy:
    """Who is inside now, and today's figures by slot."""
    with reading() as session:
        gate.check_scope(session, current_principal(), "gate.scan", query["site_id"])
        return occupancy.show_day(session, query["site_id"], now=clock.now())


def _attempt(body: dict[str, Any]) -> Attempt:
    return gate.attempt_of(current_principal(), site_id=body["site_id"], nonce=body["nonce"], body=body)
