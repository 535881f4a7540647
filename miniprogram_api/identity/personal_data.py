"""Who holds personal data of members: each feature registers how to export and how to erase its part.

Identity answers a member's request without knowing the features above it. A feature writes

    @contributes("visits")
    class VisitsOfMember:
        @staticmethod
        def export(session, member_id): ...

        @staticmethod
        def erase(session, member_id, now): ...
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel.clock import BEIJING


class Holder(Protocol):
    """A part of the product that keeps data of members."""

    def export(self, session: Session, member_id: UUID) -> dict[str, Any]:
        """Everything held of the member, as plain JSON values that the member can read."""
        ...

    def erase(self, session: Session, member_id: UUID, now: datetime) -> None:
        """Remove whatever identifies the member, keep what is counted, and end what lies ahead.

        Runs in the one transaction of the whole erasure, and again when erasures are replayed.
        """
        ...


H = TypeVar("H", bound=Holder)
_holders: dict[str, Holder] = {}


def contributes(feature: str) -> Callable[[H], H]:
    """Register a holder; the name is its part's in an export. Raises ValueError when the name is taken."""

    def register(holder: H) -> H:
        if feature in _holders:
            raise ValueError(f"{feature} has registered its personal data already")
        _holders[feature] = holder
        return holder

    return register


def holders() -> dict[str, Holder]:
    """Every holder by name."""
    return dict(sorted(_holders.items()))


def instant(at: datetime | None) -> str | None:
    """An instant as an export shows it: Beijing time."""
    return None if at is None else at.astimezone(BEIJING).isoformat(timespec="seconds")
