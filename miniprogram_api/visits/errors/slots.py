"""What can go wrong with slots and policies.

Conflict
├── SiteNotOpen         the site takes no bookings, so it gets no slots
├── SlotExists          a slot of the site starts at that moment already
├── SlotStarted         what has begun is not changed any more
├── SlotInClosure       a closure holds the slot closed; lift that instead
├── CapacityBelowTaken  more seats are taken than would remain
├── PolicyRaced         somebody else changed the policy at the same moment
├── NothingToChange     the chosen slots are as they are wanted already
├── ChangeOutdated      what would be hit is no longer what was shown
├── TooManyToMove       more bookings than are moved at once
├── UndoOver            the time in which a change can be taken back is over
└── DefaultPolicyUnchanged  the city's rules of that day are these already
"""

from miniprogram_api.kernel.errors import Conflict


class SiteNotOpen(Conflict):
    code = "visits.site_not_open"


class SlotExists(Conflict):
    code = "visits.slot_exists"


class SlotStarted(Conflict):
    code = "visits.slot_started"


class SlotInClosure(Conflict):
    code = "visits.slot_in_closure"


class CapacityBelowTaken(Conflict):
    """`taken`: the seats, children or wheelchairs that are booked or held; `field` says which."""

    code = "visits.capacity_below_taken"


class PolicyRaced(Conflict):
    code = "visits.policy_raced"


class NothingToChange(Conflict):
    code = "visits.nothing_to_change"


class ChangeOutdated(Conflict):
    """`bookings` and `slots`: what would be hit now."""

    code = "visits.change_outdated"


class TooManyToMove(Conflict):
    code = "visits.too_many_to_move"


class UndoOver(Conflict):
    code = "visits.undo_over"


class DefaultPolicyUnchanged(Conflict):
    code = "visits.default_policy_unchanged"
