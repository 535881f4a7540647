"""What is left on somebody's desk when their account is disabled: each feature registers its open tasks.

Identity hands an account's tasks over without knowing the features above it. A feature writes

    @hands_over("registry.discards", permission="registry.manage")
    class AskedDiscards:
        @staticmethod
        def list_open(session, staff_id): ...

        @staticmethod
        def hand_over(session, *, staff_id, receiver_id, now): ...
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class OpenTask:
    """One thing that waits, by what people call it and since when."""

    id: UUID
    label: str
    since: datetime


class Desk(Protocol):
    """A kind of open task."""

    def list_open(self, session: Session, staff_id: UUID) -> Sequence[OpenTask]:
        """What waits for, or hangs on, the account; the oldest first."""
        ...

    def hand_over(self, session: Session, *, staff_id: UUID, receiver_id: UUID, now: datetime) -> int:
        """Make all of it the receiver's; returns how many. Leaves no trace: who calls it does."""
        ...


@dataclass(frozen=True, slots=True)
class RegisteredDesk:
    """A kind of task, and what its receiver must be allowed to do."""

    name: str
    permission: str
    desk: Desk


D = TypeVar("D", bound=Desk)
_desks: dict[str, RegisteredDesk] = {}


def hands_over(name: str, *, permission: str) -> Callable[[D], D]:
    """Register a kind of task. Raises ValueError when the name is taken."""

    def register(desk: D) -> D:
        if name in _desks:
            raise ValueError(f"{name} hands over already")
        _desks[name] = RegisteredDesk(name, permission, desk)
        return desk

    return register


def desks() -> list[RegisteredDesk]:
    """Every kind of task, by name."""
    return [_desks[name] for name in sorted(_desks)]
