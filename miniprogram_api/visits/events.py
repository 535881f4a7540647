"""Facts about visits, as other features may hear of them; ids and plain values only, nothing personal."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class SlotsRegenerated(Event):
    """The slots of a site were brought in line with its opening rules."""

    name: ClassVar[str] = "visits.slots_regenerated"

    site_id: str
    made: int
    removed: int
    altered: int


@dataclass(frozen=True, slots=True)
class SlotChanged(Event):
    """A slot was added, edited, closed or reopened by hand; `change` says which."""

    name: ClassVar[str] = "visits.slot_changed"

    site_id: str
    slot_id: str
    change: str


@dataclass(frozen=True, slots=True)
class PolicyChanged(Event):
    """A site has a new version of its booking policy."""

    name: ClassVar[str] = "visits.policy_changed"

    site_id: str
    version: int
    effective_on: str


@dataclass(frozen=True, slots=True)
class BookingsExported(Event):
    """Staff took a list of bookings out of the product, with contacts masked or in full."""

    name: ClassVar[str] = "visits.bookings_exported"

    site_id: str
    bookings: int
    unmasked: bool


@dataclass(frozen=True, slots=True)
class ContactRevealed(Event):
    """Somebody was shown the contact of a booking in full."""

    name: ClassVar[str] = "visits.contact_revealed"

    booking_id: str
    site_id: str


@dataclass(frozen=True, slots=True)
class VisitCancelledBySite(Event):
    """A booking ended because its site does not open; published once for each booking."""

    name: ClassVar[str] = "visits.visit_cancelled_by_site"

    booking_id: str
    site_id: str
    slot_id: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class VisitMovedBySite(Event):
    """A site moved a booking to another of its slots, or (`back`) to the one it had before such a move."""

    name: ClassVar[str] = "visits.visit_moved_by_site"

    booking_id: str
    site_id: str
    slot_id: str
    slot_id_before: str
    back: bool


@dataclass(frozen=True, slots=True)
class VisitRestored(Event):
    """A booking that its site had cancelled takes place after all."""

    name: ClassVar[str] = "visits.visit_restored"

    booking_id: str
    site_id: str
    slot_id: str


@dataclass(frozen=True, slots=True)
class SlotsChanged(Event):
    """Many slots of a site were changed at once, or (`undone`) such a change was taken back."""

    name: ClassVar[str] = "visits.slots_changed"

    site_id: str
    change_id: str
    act: str
    slots: int
    bookings: int
    undone: bool


@dataclass(frozen=True, slots=True)
class RestoringContinues(Event):
    """A change of slots was taken back, more of its bookings wait to be restored: the next batch is due."""

    name: ClassVar[str] = "visits.restoring_continues"

    change_id: str


@dataclass(frozen=True, slots=True)
class VisitCancelledByAuthority(Event):
    """A booking ended because its site was withdrawn; published once for each booking."""

    name: ClassVar[str] = "visits.visit_cancelled_by_authority"

    booking_id: str
    site_id: str
    slot_id: str


@dataclass(frozen=True, slots=True)
class VisitsWithdrawn(Event):
    """A batch of visits of these days was cancelled because their site was withdrawn."""

    name: ClassVar[str] = "visits.visits_withdrawn"

    site_id: str
    days: list[str]
    bookings: int


@dataclass(frozen=True, slots=True)
class CancellingContinues(Event):
    """Closed slots of a site still have bookings: the next batch is due."""

    name: ClassVar[str] = "visits.cancelling_continues"

    site_id: str


@dataclass(frozen=True, slots=True)
class VisitAdmitted(Event):
    """A gate let people in: `seats` now, `admitted` of the booking in all; guests have no `member_id`."""

    name: ClassVar[str] = "visits.visit_admitted"

    scan_id: str
    booking_id: str
    site_id: str
    slot_id: str
    member_id: str | None
    seats: int
    admitted: int


@dataclass(frozen=True, slots=True)
class ScanUndone(Event):
    """An admission was taken back; `admitted` of the booking's are still in."""

    name: ClassVar[str] = "visits.scan_undone"

    scan_id: str
    booking_id: str
    site_id: str
    seats: int
    admitted: int


@dataclass(frozen=True, slots=True)
class ConflictFound(Event):
    """A gate let `heads` of a booking in without a network who have no place in it."""

    name: ClassVar[str] = "visits.conflict_found"

    conflict_id: str
    scan_id: str
    booking_id: str
    site_id: str
    heads: int


@dataclass(frozen=True, slots=True)
class ConflictClosed(Event):
    """A conflict of gates is settled; `how` is `closed` by a person, or `dissolved`."""

    name: ClassVar[str] = "visits.conflict_closed"

    conflict_id: str
    booking_id: str
    site_id: str
    how: str


@dataclass(frozen=True, slots=True)
class PeopleLeft(Event):
    """People went out through the gate of a site."""

    name: ClassVar[str] = "visits.people_left"

    site_id: str
    seats: int


@dataclass(frozen=True, slots=True)
class VisitMissed(Event):
    """Nobody of a booking came in time."""

    name: ClassVar[str] = "visits.visit_missed"

    booking_id: str
    site_id: str
    slot_id: str
    member_id: str | None


@dataclass(frozen=True, slots=True)
class VisitExcused(Event):
    """Nobody came, and it is held against nobody: the site was closed or granted amnesty."""

    name: ClassVar[str] = "visits.visit_excused"

    booking_id: str
    site_id: str
    slot_id: str


@dataclass(frozen=True, slots=True)
class NoShowCorrected(Event):
    """Staff changed what became of a visit that was marked as missed; `outcome` is its status now."""

    name: ClassVar[str] = "visits.no_show_corrected"

    booking_id: str
    site_id: str
    outcome: str


@dataclass(frozen=True, slots=True)
class StrikeAdded(Event):
    """A member got a strike."""

    name: ClassVar[str] = "visits.strike_added"

    strike_id: str
    member_id: str
    booking_id: str
    kind: str
    half_points: int


@dataclass(frozen=True, slots=True)
class StrikeWaived(Event):
    """A strike counts no more."""

    name: ClassVar[str] = "visits.strike_waived"

    strike_id: str
    member_id: str
    booking_id: str


@dataclass(frozen=True, slots=True)
class StandingChanged(Event):
    """A member is barred until a moment, or (empty) no longer; the end of a ban by time is no event."""

    name: ClassVar[str] = "visits.standing_changed"

    member_id: str
    barred_until: str | None


@dataclass(frozen=True, slots=True)
class VisitBooked(Event):
    """A party has places in a slot; `member_id` is None for bookings by phone and at the window."""

    name: ClassVar[str] = "visits.visit_booked"

    booking_id: str
    member_id: str | None
    site_id: str
    slot_id: str
    channel: str
    seats: int


@dataclass(frozen=True, slots=True)
class VisitChanged(Event):
    """Part of a party dropped out, by the `member` or the `site`; the rest has a new ticket."""

    name: ClassVar[str] = "visits.visit_changed"

    booking_id: str
    member_id: str | None
    site_id: str
    slot_id: str
    seats: int
    seats_before: int
    by: str = "member"


@dataclass(frozen=True, slots=True)
class VisitCancelled(Event):
    """A booking ended; `by` is `member`, or `site` when staff cancelled this one booking."""

    name: ClassVar[str] = "visits.visit_cancelled"

    booking_id: str
    member_id: str | None
    site_id: str
    slot_id: str
    seats: int
    by: str
    late: bool


@dataclass(frozen=True, slots=True)
class VisitRescheduled(Event):
    """A booking moved to another slot of its site and has a new ticket."""

    name: ClassVar[str] = "visits.visit_rescheduled"

    booking_id: str
    member_id: str | None
    site_id: str
    slot_id: str
    slot_id_before: str
    late: bool


@dataclass(frozen=True, slots=True)
class HoldPlaced(Event):
    """Seats are kept for a member for some minutes."""

    name: ClassVar[str] = "visits.hold_placed"

    hold_id: str
    member_id: str
    slot_id: str
    seats: int


@dataclass(frozen=True, slots=True)
class HoldExtended(Event):
    name: ClassVar[str] = "visits.hold_extended"

    hold_id: str
    member_id: str
    slot_id: str


@dataclass(frozen=True, slots=True)
class HoldEnded(Event):
    """A hold gave its seats back; `how` is `released` or `expired`."""

    name: ClassVar[str] = "visits.hold_ended"

    hold_id: str
    member_id: str
    slot_id: str
    seats: int
    how: str


@dataclass(frozen=True, slots=True)
class VisitorDataErased(Event):
    """Personal data of past visits reached the end of its retention."""

    name: ClassVar[str] = "visits.visitor_data_erased"

    visitors: int
    contacts: int


@dataclass(frozen=True, slots=True)
class CalendarFeedChanged(Event):
    """A secret calendar address was `opened` or `closed`; `owner` is `member` or `site`."""

    name: ClassVar[str] = "visits.calendar_feed_changed"

    owner: str
    owner_id: str
    change: str
