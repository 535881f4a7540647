"""What sites, visits and operators ask about the age of our copy, answered."""

from datetime import datetime

from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.registry.queries.freshness import read_freshness
from miniprogram_api.registry.rules.pulling import Freshness
from miniprogram_api.registry.service import dead_letter_desk, dead_letters
from miniprogram_api.web.health import Figure


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


def measure_exchange() -> list[Figure]:
    """What operators watch of the exchange; read in a transaction of its own."""
    now = clock.now()
    with reading() as session:
        age = read_freshness(session, now=now).age.total_seconds()
        waiting = dead_letters.count_open(session)
        old, _ = dead_letter_desk.find_old(session, now=now)
    return [
        Figure("registry_lag_seconds", "Age of the registry's data here", max(0.0, age)),
        Figure("registry_dlq", "Dead letters that wait for a person", waiting),
        Figure("registry_dead_letters_old", "Dead letters unsettled for more than a day", old),
    ]
