"""What WeChat tells us by its push."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class PictureJudged(Event):
    """A picture that was submitted has its verdict: `suggest` is pass, review or risky.

    One that WeChat could not fetch has review, and was not looked at.
    """

    name: ClassVar[str] = "wechat.picture_judged"

    check_id: str
    suggest: str
    labels: list[int]
    was_fetched: bool = True


@dataclass(frozen=True, slots=True)
class PersonEvent(Event):
    """A fact about somebody: `person` is the hex of the index under which members are found."""

    person: str


@dataclass(frozen=True, slots=True)
class SubscriptionAnswered(PersonEvent):
    """Somebody answered the question for messages. Only noted: the client's own report is what counts."""

    name: ClassVar[str] = "wechat.subscription_answered"

    template_id: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class SubscriptionRefused(PersonEvent):
    """Somebody switched the messages of a template off in WeChat's settings."""

    name: ClassVar[str] = "wechat.subscription_refused"

    template_id: str


@dataclass(frozen=True, slots=True)
class SubscriptionFailed(PersonEvent):
    """A message that WeChat had taken did not arrive."""

    name: ClassVar[str] = "wechat.subscription_failed"

    template_id: str
    msgid: str
    errcode: int


@dataclass(frozen=True, slots=True)
class AuthorisationWithdrawn(PersonEvent):
    """Somebody took back what they had let us know: `kinds` are WeChat's numbers; `whole`: they left."""

    name: ClassVar[str] = "wechat.authorisation_withdrawn"

    whole: bool
    kinds: list[int]


@dataclass(frozen=True, slots=True)
class OfficialPublishingEnded(Event):
    """The official account's publication is over; `status` is WeChat's word for how."""

    name: ClassVar[str] = "wechat.official_publishing_ended"

    publish_id: str
    status: int
    url: str
