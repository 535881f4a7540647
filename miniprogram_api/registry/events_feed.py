"""Facts about what comes in from the registry."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ProjectTakenOver(Event):
    """A record of a project that is no site here, or not yet, was taken over."""

    name: ClassVar[str] = "registry.project_taken_over"

    project_id: str
    version: int
    lifecycle: str


@dataclass(frozen=True, slots=True)
class DeadLetterBuried(Event):
    """A record could not be taken over; its project stands still until that is settled."""

    name: ClassVar[str] = "registry.dead_letter_buried"

    letter_id: str
    project_id: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class DeadLettersCleared(Event):
    """A valid record made a project's dead letters pointless."""

    name: ClassVar[str] = "registry.dead_letters_cleared"

    project_id: str
    version: int


@dataclass(frozen=True, slots=True)
class DoorbellRung(Event):
    """The registry says that there is something to pull; `type` is what it calls it."""

    name: ClassVar[str] = "registry.doorbell_rung"

    type: str


@dataclass(frozen=True, slots=True)
class SnapshotTaken(Event):
    """A whole snapshot was read. What we hold and it does not name is the reconciliation's business."""

    name: ClassVar[str] = "registry.snapshot_taken"

    snapshot_id: str
    feed_epoch: str


@dataclass(frozen=True, slots=True)
class DictionaryRefreshed(Event):
    """The registry's names of its codes changed; `codes` are those with another name than before."""

    name: ClassVar[str] = "registry.dictionary_refreshed"

    dictionary: str
    version: str
    codes: list[str]
