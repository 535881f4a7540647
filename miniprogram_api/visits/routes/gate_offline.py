"""Gates without a network over HTTP: the day's package, what they send in afterwards, and the conflicts."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.paging import Page
from miniprogram_api.visits.errors.gate import NonceReused
from miniprogram_api.visits.queries import conflicts as queries
from miniprogram_api.visits.queries.conflicts import ConflictShown
from miniprogram_api.visits.routes.gate import SCANS
from miniprogram_api.visits.routes.gate_views import scan_view
from miniprogram_api.visits.schemas import gate_offline as wire
from miniprogram_api.visits.schemas import gate_offline_examples as examples
from miniprogram_api.visits.service import bundles, conflicts, gate, offline
from miniprogram_api.visits.service.gate import ScanRequest, scanner_of
from miniprogram_api.visits.service.offline import OfflineAnswer
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.limits import hit, limited
from miniprogram_api.web.schemas import parse_id

blp = Routes(
    "staff-gate-offline",
    __name__,
    url_prefix="/api/staff/v1/gate",
    description="Gates without a network, and what comes of it",
)
_TYPED_RATE = "10/minute"


@blp.get("/bundle")
@requires("gate.scan")
@limited("gate.bundle", "30/minute", per="principal")
@blp.arguments(wire.BundleFilter, location="query")
@blp.response(HTTPStatus.OK, wire.BundleView, example=examples.BUNDLE)
def show_bundle(query: dict[str, Any]) -> dict[str, Any]:
    """A site's day to work with offline: signed, and unreadable but with a code that a visitor shows."""
    now = clock.now()
    with reading() as session:
        gate.check_scope(session, current_principal(), "gate.scan", query["site_id"])
        on = query["on"] or clock.today()
        return bundles.make_bundle(session, site_id=query["site_id"], on=on, now=now)


@blp.post("/scans/batch")
@requires("gate.scan")
@blp.arguments(wire.BatchBody, example=examples.BATCH)
@blp.response(HTTPStatus.OK, wire.BatchView, example=examples.TAKEN_IN)
def take_in_scans(body: dict[str, Any]) -> dict[str, Any]:
    """Take in what a gate admitted by itself. Neither the order of upload nor a repeat changes the outcome.

    Of several gates that let the same party in, the earliest scan admits it, a tie by scanner and nonce;
    what was admitted online stands. People beyond what the booking admits become a conflict.
    """
    principal = current_principal()
    with reading() as session:
        gate.check_scope(session, principal, "gate.scan", body["site_id"])
    return {"items": [_take_in(principal, body["site_id"], scan) for scan in body["scans"]]}


def _take_in(principal: Principal, site_id: UUID, scan: dict[str, Any]) -> dict[str, Any]:
    request = gate.read_request(
        principal,
        gate.attempt_of_scan(principal, scan | {"site_id": site_id}),
        code=scan["code"],
        heads=scan["seats"],
        scanned_at=scan["scanned_at"],
        offline=scan["offline"],
        now=clock.now(),
        in_batch=True,
    )
    try:
        answer = _answer(principal, request, typed=gate.is_typed(scan["code"]))
    except NonceReused as error:
        return {"nonce": scan["nonce"], "error": error.code}
    view = {"nonce": scan["nonce"], "conflict_id": answer.conflict_id, "error": None}
    return scan_view(answer.scan) | view


def _answer(principal: Principal, request: ScanRequest, *, typed: bool) -> OfflineAnswer:
    with reading() as session:
        known = offline.find_offline_answer(session, request)
    if known is not None:
        return known
    if typed:
        # Short codes can be guessed, signed ones cannot. What was answered before does not count again.
        hit("gate.typed_code", _TYPED_RATE, scanner_of(principal), fail_closed=True)
    answer = offline.take_in(principal, request, actor=current_actor())
    SCANS.labels(answer.scan.result.value, str(typed).lower()).inc()
    return answer


@blp.get("/conflicts")
@requires("gate.scan")
@blp.arguments(wire.ConflictFilter, location="query")
@blp.response(HTTPStatus.OK, wire.ConflictsView, example={"items": [examples.CONFLICT], "next_cursor": None})
def list_conflicts(query: dict[str, Any]) -> Page[ConflictShown]:
    """The conflicts of a site's gates, the latest first; `?state=open` are those that wait for somebody."""
    with reading() as session:
        gate.check_scope(session, current_principal(), "gate.scan", query["site_id"])
        return queries.list_conflicts(session, **query)


@blp.post("/conflicts/<string:conflict_id>/close")
@requires("gate.undo")
@blp.arguments(wire.CloseBody, example={"note": "同一家人分两门进，已核对"})
@blp.response(HTTPStatus.OK, wire.ConflictView, example=examples.CLOSED)
def close_conflict(body: dict[str, Any], conflict_id: str) -> ConflictShown:
    """Settle a conflict with a note. What was admitted stays as it is."""
    with atomic() as session:
        conflicts.close_conflict(
            session,
            conflict_id=parse_id(conflict_id),
            principal=current_principal(),
            note=body["note"],
            actor=current_actor(),
            now=clock.now(),
        )
        return queries.get_conflict(session, parse_id(conflict_id))
