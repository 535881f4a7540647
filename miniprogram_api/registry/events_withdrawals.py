"""Facts about withdrawals."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class WithdrawalAdvanced(Event):
    """A withdrawal took a step (`opened`, `cancelled`), and the next one is due; or it is `completed`."""

    name: ClassVar[str] = "registry.withdrawal_advanced"

    case_id: str
    project_id: str
    site_id: str
    step: str


@dataclass(frozen=True, slots=True)
class WithdrawalCallDone(Event):
    """Staff called somebody whose visit a withdrawal cancelled."""

    name: ClassVar[str] = "registry.withdrawal_call_done"

    case_id: str
    booking_id: str
