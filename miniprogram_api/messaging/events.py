"""Facts about messages."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class MessageRead(Event):
    """A member opened a message for the first time."""

    name: ClassVar[str] = "messaging.message_read"

    message_id: str
    member_id: str


@dataclass(frozen=True, slots=True)
class SubscriptionGranted(Event):
    """A member accepted one more subscription message of a template."""

    name: ClassVar[str] = "messaging.subscription_granted"

    member_id: str
    template: str


@dataclass(frozen=True, slots=True)
class FollowersTold(Event):
    """A batch of those who follow an article's topics was told of it."""

    name: ClassVar[str] = "messaging.followers_told"

    push_id: str
    told: int
