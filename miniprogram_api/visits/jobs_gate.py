"""Settling visits nobody came for: the sweep, and what a closure that is told of afterwards makes good."""

from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, retrying
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.events import ClosureAdded
from miniprogram_api.visits.service import no_shows

_CLOSED = "closed"  # the kind of a closure that is no special opening


@periodic("visits.mark_no_shows")
def mark_no_shows() -> None:
    """Mark what is due in batches, each a transaction; run twice, it finds nothing left."""
    while _mark_batch() == no_shows.BATCH:
        pass


@retrying
def _mark_batch() -> int:
    with atomic() as session:
        return no_shows.mark_due(session, now=clock.now(), actor=SYSTEM, limit=no_shows.BATCH)


@subscribe(ClosureAdded, name="visits.excuse_closed_time")
def excuse_closed_time(session: Session, event: ClosureAdded) -> None:
    """A site that was closed while we took it for open has no no-shows of that time."""
    closure = site_queries.find_closure(session, UUID(event.closure_id))
    if closure is not None and closure.kind == _CLOSED and closure.amnesty:
        no_shows.excuse_closed_time(
            session, site_id=UUID(event.site_id), closure=closure, now=clock.now(), actor=SYSTEM
        )
