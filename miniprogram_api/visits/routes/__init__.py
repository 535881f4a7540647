"""Visits over HTTP: members in the mini-program's API, staff and gates in theirs."""

from miniprogram_api.visits.routes import (
    bookings,
    calendars,
    gate,
    gate_offline,
    holds,
    slots,
    staff_bookings,
    staff_policy,
    staff_slots,
    staff_standing,
)

APP_BLUEPRINTS = (slots.blp, bookings.blp, holds.blp, calendars.blp, staff_standing.me_blp)
STAFF_BLUEPRINTS = (
    staff_slots.blp,
    staff_policy.blp,
    staff_bookings.blp,
    calendars.staff_blp,
    gate.blp,
    gate_offline.blp,
    staff_standing.blp,
)
