"""Tables of visits. Capacity is counted on the slot row, and a CHECK stands behind every counter."""

from miniprogram_api.visits.models.bookings import (
    ACTIVE,
    Booking,
    BookingStatus,
    Channel,
    Hold,
    HoldState,
    Ticket,
    TicketState,
    Visitor,
)
from miniprogram_api.visits.models.calendars import CalendarFeed
from miniprogram_api.visits.models.gate import Departure, Scan, ScanResult
from miniprogram_api.visits.models.offline import ConflictState, GateConflict, OfflineScan
from miniprogram_api.visits.models.slot_changes import (
    ChangedBooking,
    Outcome,
    SlotAct,
    SlotChange,
    Treatment,
)
from miniprogram_api.visits.models.slots import DayCap, DefaultPolicy, PolicyVersion, Slot, SlotState
from miniprogram_api.visits.models.standing import Standing, Strike, StrikeKind

__all__ = [
    "ACTIVE",
    "Booking",
    "BookingStatus",
    "CalendarFeed",
    "ChangedBooking",
    "Channel",
    "ConflictState",
    "DayCap",
    "DefaultPolicy",
    "Departure",
    "GateConflict",
    "Hold",
    "HoldState",
    "OfflineScan",
    "Outcome",
    "PolicyVersion",
    "Scan",
    "ScanResult",
    "Slot",
    "SlotAct",
    "SlotChange",
    "SlotState",
    "Standing",
    "Strike",
    "StrikeKind",
    "Ticket",
    "TicketState",
    "Treatment",
    "Visitor",
]
