"""What can go wrong at the gate and with what follows from not coming.

Conflict
├── HeadsExceedRemaining   more people than the ticket still admits
├── ScanNotAdmitting       the scan let nobody in, so there is nothing to undo
├── ScanAlreadyUndone
├── UndoTooLate
├── ConflictAlreadyClosed
├── WalkInNotNow           the slot is not being entered at this moment
├── NotANoShow             the booking is not marked as missed
├── VisitDayTaken          the member has another visit to this site on that day
└── StrikeAlreadyWaived
Invalid
└── NonceReused            the nonce was used for another request
"""

from miniprogram_api.kernel.errors import Conflict, Invalid


class HeadsExceedRemaining(Conflict):
    """`remaining`: how many the ticket still admits. Nothing was counted."""

    code = "visits.heads_exceed_remaining"


class ScanNotAdmitting(Conflict):
    code = "visits.scan_not_admitting"


class ScanAlreadyUndone(Conflict):
    code = "visits.scan_already_undone"


class UndoTooLate(Conflict):
    """`minutes`: how long an admission can be taken back."""

    code = "visits.undo_too_late"


class ConflictAlreadyClosed(Conflict):
    code = "visits.conflict_already_closed"


class WalkInNotNow(Conflict):
    """`opens_at` and `until`: when people without a booking can enter this slot, RFC 3339."""

    code = "visits.walk_in_not_now"


class NotANoShow(Conflict):
    """`status`: what the booking is instead."""

    code = "visits.not_a_no_show"


class VisitDayTaken(Conflict):
    code = "visits.visit_day_taken"


class StrikeAlreadyWaived(Conflict):
    code = "visits.strike_already_waived"


class NonceReused(Invalid):
    code = "visits.nonce_reused"
