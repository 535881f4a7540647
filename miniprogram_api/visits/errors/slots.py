"""What can go wrong with slots and policies.

Conflict
├── SiteNotOpen         the site takes no bookings, so it gets no slots
├── SlotExists          a slot of the site starts at that moment already
├── SlotStarted         what has begun is not changed any more
├── SlotInClosure       a closure holds the slot closed; lift that instead
├── CapacityBelowTaken  more seats are taken than would remain
├── PolicyRaced         somebody else changed the policy at the same moment
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


class DefaultPolicyUnchanged(Conflict):
    code = "visits.default_policy_unchanged"
