"""What waits for somebody: each desk counts its own, the start page shows what the caller may work on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from miniprogram_api.kernel.access import Principal


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something to do: what, how many, and where; `urgent` where somebody suffers while it waits."""

    text: str
    count: int
    address: str
    urgent: bool = False


Counter = Callable[[Session, Principal, datetime], Iterable[Waiting]]
_counters: list[tuple[str, Counter]] = []


def waits(permission: str) -> Callable[[Counter], Counter]:
    """Count for whoever holds a permission anywhere; what is counted is within their scope."""

    def register(counter: Counter) -> Counter:
        _counters.append((permission, counter))
        return counter

    return register


def list_waiting(session: Session, principal: Principal, now: datetime) -> list[Waiting]:
    """What waits for the caller, the urgent first; nothing that has no count."""
    found = [
        item
        for permission, counter in _counters
        if principal.may(permission)
        for item in counter(session, principal, now)
        if item.count
    ]
    return sorted(found, key=lambda item: not item.urgent)
