"""What can go wrong around subscriptions and the log of what was sent.

NotFound
├── SubscriptionMissing     no such subscription, or another partner's
└── SendingMissing          no such sending, or another partner's
Conflict
├── TooManySubscriptions    a partner has as many as it can have
├── SubscriptionEnded       it was ended and does not come back
├── NothingToApprove        no endpoint waits for an administrator, or it changed meanwhile
├── HandshakeFailed         the endpoint did not say that it wants our events
├── SubscriptionNotActive   nothing is sent to it at present
└── SendingUnderWay         it is being sent anyway
Invalid
└── EndpointRefused         events are not sent to such an address
"""

from miniprogram_api.kernel.errors import Conflict, Invalid, NotFound


class SubscriptionMissing(NotFound):
    """Keeps the code of its parent: another partner's looks like none."""


class SendingMissing(NotFound):
    """Keeps the code of its parent: another partner's looks like none."""


class TooManySubscriptions(Conflict):
    code = "registry.too_many_subscriptions"


class SubscriptionEnded(Conflict):
    code = "registry.subscription_ended"


class NothingToApprove(Conflict):
    code = "registry.nothing_to_approve"


class HandshakeFailed(Conflict):
    """`reason` is a word of ours: refused, unreachable, status, origin."""

    code = "registry.handshake_failed"


class SubscriptionNotActive(Conflict):
    code = "registry.subscription_not_active"


class SendingUnderWay(Conflict):
    code = "registry.sending_under_way"


class EndpointRefused(Invalid):
    code = "registry.endpoint_refused"
