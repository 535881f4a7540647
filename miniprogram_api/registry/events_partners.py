"""Facts about the systems that may call as the registry."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class PartnerEvent(Event):
    """A fact about one client."""

    client_id: str


@dataclass(frozen=True, slots=True)
class PartnerAdded(PartnerEvent):
    name: ClassVar[str] = "registry.partner_added"


@dataclass(frozen=True, slots=True)
class PartnerEnded(PartnerEvent):
    """The client may call no more, and its tokens are gone."""

    name: ClassVar[str] = "registry.partner_ended"


@dataclass(frozen=True, slots=True)
class PartnerKeyAdded(PartnerEvent):
    name: ClassVar[str] = "registry.partner_key_added"

    key_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class PartnerKeyRetired(PartnerEvent):
    """The key proves nothing any more, and tokens got by it are gone."""

    name: ClassVar[str] = "registry.partner_key_retired"

    key_id: str
    kind: str
