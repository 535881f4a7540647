"""The port through which sites and visits learn how old the registry's data is.

The registry's exchange stands above both and must not be imported here. The application connects it with
`use()`; until it does, and where there is no registry, data is never stale.
"""

from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session


class Freshness(Protocol):
    """What pages and the making of slots ask about our copy of the registry."""

    def as_of(self, session: Session) -> datetime | None:
        """The date of the copy; None where nothing says it."""
        ...

    def promises_more(self, session: Session, *, now: datetime) -> bool:
        """Whether the copy is young enough to offer visits that were not offered before."""
        ...


class NeverStale:
    """There is no registry to fall behind."""

    def as_of(self, session: Session) -> datetime | None:
        return None

    def promises_more(self, session: Session, *, now: datetime) -> bool:
        return True


class _Connected:
    freshness: Freshness = NeverStale()


def use(freshness: Freshness) -> None:
    """Connect the implementation; the composition root does, and tests do."""
    _Connected.freshness = freshness


def current() -> Freshness:
    return _Connected.freshness
