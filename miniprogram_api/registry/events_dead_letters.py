"""What people decide about dead letters."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class DeadLetterHandled(Event):
    """Somebody replayed a dead letter, asked to discard it, or agreed to that; `state` is its new one."""

    name: ClassVar[str] = "registry.dead_letter_handled"

    dead_letter_id: str
    state: str
