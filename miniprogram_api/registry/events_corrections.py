"""Facts about corrections that other features may act on."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class CorrectionChanged(Event):
    """A correction was filed by staff, reached the registry, or was answered; `state` is its new one."""

    name: ClassVar[str] = "registry.correction_changed"

    correction_id: str
    site_id: str
    state: str
