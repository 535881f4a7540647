"""Facts about subscriptions that other features may act on."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class SubscriptionChanged(Event):
    """A subscription was asked for, approved, changed, disabled or ended; `state` is its new one."""

    name: ClassVar[str] = "registry.subscription_changed"

    subscription_id: str
    state: str


@dataclass(frozen=True, slots=True)
class SendingReplayed(Event):
    """A partner asked for an event again."""

    name: ClassVar[str] = "registry.sending_replayed"

    sending_id: str
    subscription_id: str
