"""What can go wrong with bookings and holds.

Conflict
├── SiteNotBookable      the site is paused, or visits to it need no booking
├── SlotClosed           closed, with its reason
├── NotReleased          not yet bookable; says when, if that is settled
├── PastCutoff           no longer bookable
├── SlotFull             names the next slots the party could have
│   ├── DayFull          the day's own cap is reached
│   ├── ChildrenFull     no places for so many children
│   ├── WheelchairsTaken no places for so many wheelchairs
│   └── SignLanguageTaken nobody left who guides in sign language
├── PartyTooSmall · PartyTooLarge · PartyNeedsAdult · TooManyChildren
├── MemberBarred         barred for a while after no-shows
├── AlreadyBooked        a member, a phone or a person has a visit to this site on this day
├── Overlaps             another visit of the member's at the same time
├── LimitReached         as many visits as the site allows in a period
├── HoldExpired · HoldExists · HoldNotExtendable
├── TooManyHolds         the member holds seats of as many slots as anybody may
├── BookingNotActive     cancelled, used or missed: there is nothing to change
├── BookingChanged       somebody changed it at the same moment; read it again
├── CancelTooLate · CancelLimitReached
├── SameSlot · OtherSite · ChangeTooLate · ChangeLimitReached
├── TicketRevoked        the booking has no ticket any more
└── MemberBusy           several bookings of one member at once; try again
Invalid
├── ContactRequired      the site asks for a name and phone
├── VisitorsRequired     the site asks for names and documents
├── OverrideReasonRequired
└── ExportTooLarge       more bookings than one file may hold
"""

from miniprogram_api.kernel.errors import Conflict, Invalid


class SiteNotBookable(Conflict):
    code = "visits.site_not_bookable"


class SlotClosed(Conflict):
    """`reason`: the closure's code; `text`: what the site tells the public."""

    code = "visits.slot_closed"


class NotReleased(Conflict):
    """`opens_at`: RFC 3339, or None while it is not settled; `reason` says why."""

    code = "visits.not_released"


class PastCutoff(Conflict):
    code = "visits.past_cutoff"


class SlotFull(Conflict):
    """`left`: what can still be had; `alternatives`: id, starts_at, ends_at, left of the next open slots."""

    code = "visits.slot_full"


class DayFull(SlotFull):
    code = "visits.day_full"


class ChildrenFull(SlotFull):
    code = "visits.children_full"


class WheelchairsTaken(SlotFull):
    code = "visits.wheelchairs_taken"


class SignLanguageTaken(SlotFull):
    code = "visits.sign_language_taken"


class PartyTooSmall(Conflict):
    code = "visits.party_too_small"


class PartyTooLarge(Conflict):
    code = "visits.party_too_large"


class PartyNeedsAdult(Conflict):
    code = "visits.party_needs_adult"


class TooManyChildren(Conflict):
    code = "visits.too_many_children"


class MemberBarred(Conflict):
    """`until`: RFC 3339."""

    code = "visits.member_barred"


class AlreadyBooked(Conflict):
    """`rule`: which rule it breaks; `number`: the member's own booking, when it is theirs."""

    code = "visits.already_booked"


class Overlaps(Conflict):
    code = "visits.overlaps"


class LimitReached(Conflict):
    code = "visits.limit_reached"


class HoldExpired(Conflict):
    code = "visits.hold_expired"


class HoldExists(Conflict):
    code = "visits.hold_exists"


class TooManyHolds(Conflict):
    code = "visits.too_many_holds"


class HoldNotExtendable(Conflict):
    code = "visits.hold_not_extendable"


class BookingNotActive(Conflict):
    code = "visits.booking_not_active"


class BookingChanged(Conflict):
    code = "visits.booking_changed"


class CancelTooLate(Conflict):
    code = "visits.cancel_too_late"


class CancelLimitReached(Conflict):
    code = "visits.cancel_limit_reached"


class ChangeTooLate(Conflict):
    code = "visits.change_too_late"


class SameSlot(Conflict):
    code = "visits.same_slot"


class OtherSite(Conflict):
    code = "visits.other_site"


class ChangeLimitReached(Conflict):
    code = "visits.change_limit_reached"


class TicketRevoked(Conflict):
    code = "visits.ticket_revoked"


class MemberBusy(Conflict):
    code = "visits.member_busy"
    retry_after_s = 1


class ContactRequired(Invalid):
    code = "visits.contact_required"


class VisitorsRequired(Invalid):
    code = "visits.visitors_required"


class OverrideReasonRequired(Invalid):
    code = "visits.override_reason_required"


class ExportTooLarge(Invalid):
    """`most`: how many one file takes."""

    code = "visits.export_too_large"
