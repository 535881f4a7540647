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
class ReportAcknowledged(Event):
    """The registry accepted a report, or objected to it."""

    name: ClassVar[str] = "registry.report_acknowledged"

    report_id: str
    accepted: bool
