"""Looking a ticket up before anybody is let in: the answer a scan would get, with no effect."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from miniprogram_api.kernel.access import Principal
from miniprogram_api.visits.models import ScanResult
from miniprogram_api.visits.queries import gate as queries
from miniprogram_api.visits.queries.gate import BookingAtGate, FirstScan
from miniprogram_api.visits.rules import gate as rules
from miniprogram_api.visits.service import gate
from miniprogram_api.visits.service.gate import ScanRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupAnswer:
    """What a scan would be answered now, and how many of the party it would let in."""

    result: ScanResult
    booking: BookingAtGate | None
    admitted: int
    remaining: int
    first_scan: FirstScan | None


def look_up(session: Session, principal: Principal, request: ScanRequest) -> LookupAnswer:
    """Judge a ticket as a scan would; nothing is written. Raises SiteMissing."""
    site_id = request.attempt.site_id
    gate.check_scope(session, principal, "gate.scan", site_id)
    found = gate.look(session, request)
    judged = found.admits if found else None
    decision = rules.decide(judged, site_id=site_id, heads=None, moment=request.moment)
    if found is None or decision.result in (ScanResult.INVALID, ScanResult.WRONG_SITE):
        return LookupAnswer(result=decision.result, booking=None, admitted=0, remaining=0, first_scan=None)
    return LookupAnswer(
        result=decision.result,
        booking=found.booking,
        admitted=found.admits.admitted,
        remaining=found.admits.remaining,
        first_scan=queries.find_first_scan(session, found.booking.id, as_of=request.received_at),
    )
