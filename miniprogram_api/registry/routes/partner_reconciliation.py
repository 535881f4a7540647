"""How the registry checks us: what we hold, what our comparisons found, and what it says to that."""

from datetime import date
from http import HTTPStatus
from typing import Any

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.errors_reconciliation import ReportMissing
from miniprogram_api.registry.models.reconciliation import ReportAck
from miniprogram_api.registry.queries.holdings import list_digests
from miniprogram_api.registry.queries.reports import get_report_of, list_differences
from miniprogram_api.registry.schemas import reconciliation as wire
from miniprogram_api.registry.service.acknowledging import acknowledge
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.partners import Answer, PartnerPaging, PartnerRoutes, paged

blp = PartnerRoutes("partner-reconciliation", __name__, description="Comparing both sides")


@blp.get("/reconciliation/digests")
@requires("projects.read")
@blp.arguments(wire.DigestQuery, location="query")
@blp.response(HTTPStatus.OK, wire.DigestPage, example={"items": [wire.DIGEST], "next_cursor": None})
def list_held_digests(query: dict[str, Any]) -> Answer:
    """Version and digest of every project that is held here, by its id."""
    with reading() as session:
        found = list_digests(session, limit=query["limit"], cursor=query["cursor"])
    return paged(found.items, found.next_cursor)


@blp.get("/reconciliation/reports/<string:day>")
@requires("projects.read")
@blp.arguments(PartnerPaging, location="query")
@blp.response(
    HTTPStatus.OK,
    wire.FullComparisonView,
    example={**wire.REPORT, "items": [wire.DIFFERENCE], "next_cursor": None},
)
def get_days_report(query: dict[str, Any], day: str) -> Answer:
    """The last whole comparison of a day in Beijing, with a page of its differences."""
    on = _read_day(day)
    with reading() as session:
        report = get_report_of(session, on)
        found = list_differences(session, report.id, **query)
    shown = {name: getattr(report, name) for name in wire.ComparisonView().fields}
    return paged(found.items, found.next_cursor, **shown)


@blp.post("/reconciliation/acks")
@requires("reconciliation.write")
@blp.arguments(wire.AckBody, example=wire.ACK_BODY)
@blp.response(HTTPStatus.CREATED, wire.AckView, example=wire.ACK)
def acknowledge_report(body: dict[str, Any]) -> ReportAck:
    """Accept a report, or object to it."""
    with atomic() as session:
        return acknowledge(
            session, partner_id=current_principal().id, actor=current_actor(), now=clock.now(), **body
        )


def _read_day(text: str) -> date:
    """A day of which there can be a report. Raises ReportMissing."""
    try:
        on = date.fromisoformat(text)
    except ValueError:
        raise ReportMissing from None
    if not 2000 <= on.year <= 2100:
        raise ReportMissing
    return on
