"""Facts about comparisons with the registry."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ReconciliationFinished(Event):
    """What we hold was compared with what the registry has; `unrepaired` differences are left."""

    name: ClassVar[str] = "registry.reconciliation_finished"

    report_id: str
    unrepaired: int


@dataclass(frozen=True, slots=True)
class ComparisonAsked(Event):
    """Somebody wants a comparison at once; `at` is when they said so."""

    name: ClassVar[str] = "registry.comparison_asked"

    at: str


@dataclass(frozen=True, slots=True)
class DifferenceDecided(Event):
    """A person said what becomes of a difference that no repair ended."""

    name: ClassVar[str] = "registry.difference_decided"

    difference_id: str
    project_id: str
    decision: str


@dataclass(frozen=True, slots=True)
class ReportAcknowledged(Event):
    """The registry accepted a report, or objected to it."""

    name: ClassVar[str] = "registry.report_acknowledged"

    report_id: str
    accepted: bool
