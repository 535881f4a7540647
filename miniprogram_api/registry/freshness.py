"""What sites and visits ask about the age of our copy, answered."""

from datetime import datetime

from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.registry.queries.freshness import read_freshness
from miniprogram_api.registry.rules.pulling import Freshness


class RegistryFreshness:
    """The age of the copy as the feed tells it."""

    def as_of(self, session: Session) -> datetime | None:
        """See the port."""
        return read_freshness(session, now=clock.now()).as_of

    def promises_more(self, session: Session, *, now: datetime) -> bool:
        """See the port."""
        return read_freshness(session, now=now).freshness is not Freshness.SILENT


def is_current() -> bool:
    """Whether the copy is young enough to call the exchange healthy; read in a transaction of its own."""
    with reading() as session:
        return read_freshness(session, now=clock.now()).freshness is Freshness.FRESH
