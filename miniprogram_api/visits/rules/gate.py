"""What a gate answers to a ticket: one order of questions, and the clock that counts for a scan sent in late.

A ticket that a gate has once found to be over stays over: a clock that is set back revives nothing. Only a
scan that a device made earlier, while it had no network, is judged by its own time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from miniprogram_api.visits.errors.gate import HeadsExceedRemaining
from miniprogram_api.visits.models import BookingStatus, ScanResult

LATE_UPLOAD = timedelta(hours=24)
# Of two scans that are sent in at once, a clock a little fast must not make one count by its upload.
BATCH_SKEW = timedelta(minutes=2)
NO_SKEW = timedelta()
UNDO_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a scan happened. `late`: earlier than we heard of it, and believed."""

    at: datetime
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A ticket with its booking as the gate judges it. `seen_over`: it was refused as too late before."""

    site_id: UUID
    current: bool
    status: BookingStatus
    seats: int
    admitted: int
    valid_from: datetime
    valid_until: datetime
    seen_over: bool

    @property
    def remaining(self) -> int:
        return self.seats - self.admitted


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and how many people it lets in."""

    result: ScanResult
    seats: int = 0


def moment_of(
    *, received_at: datetime, claimed_at: datetime | None, believed: bool, skew: timedelta = NO_SKEW
) -> Moment:
    """The time a scan is judged by: ours, or the scanner's own if it is believed and in the last day.

    By `skew` its clock may be ahead of ours.
    """
    if believed and claimed_at is not None and received_at - LATE_UPLOAD <= claimed_at <= received_at + skew:
        return Moment(claimed_at, late=True)
    return Moment(received_at)


def decide(found: Pass | None, *, site_id: UUID, heads: int | None, moment: Moment) -> Decision:
    """Whether a ticket admits here and now, and how many; without a head count, all who have not come yet.

    Raises HeadsExceedRemaining when more people stand there than the ticket still admits.
    """
    if found is None:
        return Decision(ScanResult.INVALID)
    refused = _refusal(found, site_id, moment)
    if refused is not None:
        return Decision(refused)
    if heads is not None and heads > found.remaining:
        raise HeadsExceedRemaining(remaining=found.remaining)
    return Decision(ScanResult.OK, found.remaining if heads is None else heads)


def _refusal(found: Pass, site_id: UUID, moment: Moment) -> ScanResult | None:
    if found.site_id != site_id:
        return ScanResult.WRONG_SITE
    if not found.current or found.status is BookingStatus.CANCELLED:
        return ScanResult.REVOKED
    if found.remaining == 0:
        return ScanResult.ALREADY_USED
    if found.status is BookingStatus.NO_SHOW:
        return ScanResult.TOO_LATE
    if moment.at < found.valid_from:
        return ScanResult.TOO_EARLY
    over = found.seen_over and not moment.late
    return ScanResult.TOO_LATE if over or moment.at >= found.valid_until else None


def can_be_undone(*, received_at: datetime, now: datetime) -> bool:
    """Whether an admission may still be taken back; counted from when we heard of it."""
    return now <= received_at + UNDO_WINDOW
