"""The gate: judging a scan and letting a party in once.

Hot like booking, so it opens its own transactions too. A scan is read, judged and written with no lock in
between; the write compares. Where the booking has changed meanwhile, the scan is judged again under the
booking's lock, which settles it. Every scan that is judged leaves a row, refused or not; the text of a
code is never kept.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.kernel.access import Principal, PrincipalKind
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading, single_statement
from miniprogram_api.kernel.errors import Conflict
from miniprogram_api.kernel.ids import new_id, normalise_short_code
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits import tickets
from miniprogram_api.visits.errors.gate import NonceReused
from miniprogram_api.visits.models import Booking, Scan, ScanResult
from miniprogram_api.visits.queries import gate as queries
from miniprogram_api.visits.queries.gate import BookingAtGate, FirstScan, Found
from miniprogram_api.visits.rules import gate as rules
from miniprogram_api.visits.rules.gate import Moment
from miniprogram_api.visits.service import admission
from miniprogram_api.visits.tickets import TicketInvalid

_LONGEST_SHORT_CODE = 12
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request of one scanner under one nonce: the same again gets the same answer."""

    scanner: str
    nonce: str
    request_digest: bytes
    site_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What a scanner saw. Either id is set for a code that can be a ticket's: signed, or typed by hand."""

    attempt: Attempt
    ticket_id: UUID | None
    short_code: str | None
    heads: int | None
    moment: Moment
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAnswer:
    """The answer to a scan. `seats` came in by it; `admitted` and `remaining` are of the whole party."""

    id: UUID
    result: ScanResult
    booking: BookingAtGate | None
    seats: int
    admitted: int
    remaining: int
    first_scan: FirstScan | None = None


def scanner_of(principal: Principal) -> str:
    """How scans name who made them."""
    return f"{principal.kind.value}:{principal.id}"


def attempt_of(principal: Principal, *, site_id: UUID, nonce: str, body: Mapping[str, Any]) -> Attempt:
    """A request as it is recognised when it comes again."""
    told = json.dumps({**body, "site_id": str(site_id)}, sort_keys=True, default=str)
    return Attempt(
        scanner=scanner_of(principal),
        nonce=nonce,
        request_digest=hashlib.sha256(told.encode()).digest(),
        site_id=site_id,
    )


def attempt_of_scan(principal: Principal, body: Mapping[str, Any]) -> Attempt:
    """A scan as it is recognised when it comes again, by itself or in a batch that was kept meanwhile."""
    told = {"code": body["code"], "seats": body["seats"]}
    return attempt_of(principal, site_id=body["site_id"], nonce=body["nonce"], body=told)


def is_typed(code: str) -> bool:
    """Whether a code was typed by a person; a signed one has parts."""
    return "." not in code


def read_request(
    principal: Principal,
    attempt: Attempt,
    *,
    code: str,
    heads: int | None,
    scanned_at: datetime | None,
    offline: bool,
    now: datetime,
    in_batch: bool = False,
) -> ScanRequest:
    """What the request asks; the signature of a ticket is checked here, without the database.

    Only who had no network is believed when it says that it scanned earlier: a device, or in a batch whoever
    stood at the gate.
    """
    typed = is_typed(code)
    believed = offline and (in_batch or principal.kind is PrincipalKind.DEVICE)
    return ScanRequest(
        attempt=attempt,
        ticket_id=None if typed else _signed_ticket(code),
        short_code=_short_code(code) if typed else None,
        heads=heads,
        moment=rules.moment_of(
            received_at=now,
            claimed_at=scanned_at,
            believed=believed,
            skew=rules.BATCH_SKEW if in_batch else rules.NO_SKEW,
        ),
        received_at=now,
    )


def _signed_ticket(code: str) -> UUID | None:
    try:
        return tickets.verify(code).ticket_id
    except TicketInvalid:
        return None


def _short_code(code: str) -> str | None:
    normalised = normalise_short_code(code)
    return normalised if len(normalised) <= _LONGEST_SHORT_CODE and normalised.isalnum() else None


def check_scope(session: Session, principal: Principal, permission: str, site_id: UUID) -> None:
    """Raises SiteMissing for a site the caller may not do this at; a device's own site costs no statement."""
    own = any(grant.site_id == site_id and permission in grant.permissions for grant in principal.grants)
    if not own:
        get_managed_site(session, principal, permission, site_id)


def scan(principal: Principal, request: ScanRequest, *, actor: Actor) -> ScanAnswer:
    """Answer a scan, and let in whom it lets in; the same request again gets the same answer and counts once.

    Raises SiteMissing, HeadsExceedRemaining, NonceReused.
    """
    with reading() as session:
        check_scope(session, principal, "gate.scan", request.attempt.site_id)
        found = look(session, request)
    try:
        answer = _answer(request, found, actor)
    except (Conflict, IntegrityError):
        first = find_first_answer(request.attempt)
        if first is None:
            raise
        return first
    if answer.result is not ScanResult.ALREADY_USED:
        return answer
    with reading() as session:
        return with_first_scan(session, answer, as_of=request.received_at)


def _answer(request: ScanRequest, found: Found | None, actor: Actor) -> ScanAnswer:
    with single_statement() as session:
        answer = answer_scan(session, request=request, found=found, actor=actor)
    if answer is None and found is not None:
        with atomic() as session:
            lock(session, found)
            answer = answer_scan(session, request=request, found=look(session, request), actor=actor)
    if answer is None:
        raise AssertionError("unreachable")  # nobody changes a booking that is locked
    return answer


def find_first_answer(attempt: Attempt) -> ScanAnswer | None:
    """What this request was answered before. Raises NonceReused when the nonce belongs to another request."""
    with reading() as session:
        return find_answer(session, attempt)


def run_once(run: Callable[[Session], T], first_answer: Callable[[Session], T | None]) -> T:
    """Run a command, or give the first answer when this request has been answered before."""
    try:
        with atomic() as session:
            return run(session)
    except (Conflict, IntegrityError):
        with reading() as session:
            first = first_answer(session)
        if first is None:
            raise
        return first


def look(session: Session, request: ScanRequest) -> Found | None:
    """The ticket that was shown, as it stands; None for a code that is nobody's."""
    if request.ticket_id is not None:
        return queries.find_by_id(session, request.ticket_id)
    if request.short_code is not None:
        return queries.find_by_short_code(session, request.short_code, site_id=request.attempt.site_id)
    return None


def lock(session: Session, found: Found) -> None:
    """Keep everybody else from changing the booking until the transaction ends."""
    session.execute(select(Booking.id).where(Booking.id == found.booking.id).with_for_update()).one()


def answer_scan(
    session: Session, *, request: ScanRequest, found: Found | None, actor: Actor
) -> ScanAnswer | None:
    """Judge a scan by what was read, and write it; None, and no effect, when things stand otherwise now.

    Raises HeadsExceedRemaining; IntegrityError when the nonce has been used.
    """
    admits = found.admits if found else None
    decision = rules.decide(
        admits, site_id=request.attempt.site_id, heads=request.heads, moment=request.moment
    )
    shown = None if decision.result in (ScanResult.INVALID, ScanResult.WRONG_SITE) else found
    admitted = shown.admits.admitted + decision.seats if shown else 0
    remaining = shown.admits.remaining - decision.seats if shown else 0
    row = row_of(
        request, found, decision.result, seats=decision.seats, admitted=admitted, remaining=remaining
    )
    if decision.result is not ScanResult.OK:
        admission.write_refusal(session, row)
    elif found is None or not admission.write_admission(session, row, found.booking, actor):
        return None
    return ScanAnswer(
        id=row["id"],
        result=decision.result,
        booking=shown.booking if shown else None,
        seats=decision.seats,
        admitted=admitted,
        remaining=remaining,
    )


def row_of(
    request: ScanRequest,
    found: Found | None,
    result: ScanResult,
    *,
    seats: int,
    admitted: int,
    remaining: int,
) -> dict[str, Any]:
    """The columns of a scan that was judged."""
    return {
        "id": new_id(),
        "site_id": request.attempt.site_id,
        "scanner": request.attempt.scanner,
        "nonce": request.attempt.nonce,
        "request_digest": request.attempt.request_digest,
        "ticket_id": found.ticket_id if found else None,
        "booking_id": found.booking.id if found else None,
        "result": result,
        "seats": seats,
        "admitted": admitted,
        "remaining": remaining,
        "scanned_at": request.moment.at,
        "received_at": request.received_at,
        "annulled_at": None,
        "annulled_by": None,
        "annul_reason": None,
    }


def find_answer(session: Session, attempt: Attempt) -> ScanAnswer | None:
    """What this request was answered before. Raises NonceReused when the nonce belongs to another request."""
    scan = queries.find_scan(session, scanner=attempt.scanner, nonce=attempt.nonce)
    if scan is None:
        return None
    if scan.request_digest != attempt.request_digest:
        raise NonceReused
    return answer_of(session, scan)


def answer_of(session: Session, scan: Scan) -> ScanAnswer:
    """The answer that a scan was given."""
    secret = scan.booking_id is None or scan.result is ScanResult.WRONG_SITE
    booking = None if secret or scan.booking_id is None else queries.get_booking(session, scan.booking_id)
    answer = ScanAnswer(
        id=scan.id,
        result=scan.result,
        booking=booking,
        seats=scan.seats,
        admitted=scan.admitted,
        remaining=scan.remaining,
    )
    return with_first_scan(session, answer, as_of=scan.received_at)


def with_first_scan(session: Session, answer: ScanAnswer, *, as_of: datetime) -> ScanAnswer:
    """The answer, saying when and where a used ticket was used first."""
    if answer.result is not ScanResult.ALREADY_USED or answer.booking is None:
        return answer
    first = queries.find_first_scan(session, answer.booking.id, as_of=as_of)
    return replace(answer, first_scan=first)
