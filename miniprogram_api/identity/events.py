"""What happened to members, as ids and plain facts."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class MemberEvent(Event):
    """A fact about one member."""

    member_id: str


@dataclass(frozen=True, slots=True)
class MemberJoined(MemberEvent):
    """Somebody signed in for the first time, or again after having been erased."""

    name: ClassVar[str] = "identity.member_joined"


@dataclass(frozen=True, slots=True)
class SessionOpened(MemberEvent):
    name: ClassVar[str] = "identity.session_opened"


@dataclass(frozen=True, slots=True)
class SessionRefreshed(MemberEvent):
    name: ClassVar[str] = "identity.session_refreshed"


@dataclass(frozen=True, slots=True)
class SessionsEnded(MemberEvent):
    """One family of sessions, or all of them, stopped being valid."""

    name: ClassVar[str] = "identity.sessions_ended"

    ended: int


@dataclass(frozen=True, slots=True)
class NicknameChanged(MemberEvent):
    name: ClassVar[str] = "identity.nickname_changed"


@dataclass(frozen=True, slots=True)
class PhoneChanged(MemberEvent):
    """The number was set; `verified` when WeChat vouches for it."""

    name: ClassVar[str] = "identity.phone_changed"

    verified: bool


@dataclass(frozen=True, slots=True)
class PhoneRemoved(MemberEvent):
    name: ClassVar[str] = "identity.phone_removed"


@dataclass(frozen=True, slots=True)
class ConsentDecided(MemberEvent):
    """The member agreed to a purpose or withdrew; who keeps data for that purpose alone drops it."""

    name: ClassVar[str] = "identity.consent_decided"

    purpose: str
    granted: bool
    text_version: str


@dataclass(frozen=True, slots=True)
class MemberErased(MemberEvent):
    """Nothing that identifies the member is left; every feature erased its part in the same transaction."""

    name: ClassVar[str] = "identity.member_erased"

    receipt: str
