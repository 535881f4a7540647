"""People who leave: counted at the gate, so that the site knows who is inside."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.service import lock_managed_site
from miniprogram_api.visits.errors.gate import NonceReused
from miniprogram_api.visits.events import PeopleLeft
from miniprogram_api.visits.models import Departure
from miniprogram_api.visits.queries.gate import find_departure
from miniprogram_api.visits.queries.occupancy import count_through
from miniprogram_api.visits.service import gate
from miniprogram_api.visits.service.gate import Attempt


@dataclass(frozen=True, slots=True)
class Left:
    """People counted out: never more than were inside."""

    id: UUID
    seats: int
    inside: int


def count_out(principal: Principal, attempt: Attempt, *, seats: int, actor: Actor, now: datetime) -> Left:
    """Count people who leave, at most those who are inside. Raises SiteMissing, NonceReused."""

    def count(session: Session) -> Left:
        # Two gates that count out at once would both see the same people inside.
        lock_managed_site(session, principal, "gate.scan", attempt.site_id)
        first = _find_left(session, attempt, now)
        return first or _count_out(session, attempt, seats=seats, actor=actor, now=now)

    return gate.run_once(count, lambda session: _find_left(session, attempt, now))


def _count_out(session: Session, attempt: Attempt, *, seats: int, actor: Actor, now: datetime) -> Left:
    entered, departed = count_through(session, attempt.site_id, on=beijing_date(now))
    inside = max(entered - departed, 0)
    departure = Departure(
        id=new_id(),
        site_id=attempt.site_id,
        scanner=attempt.scanner,
        nonce=attempt.nonce,
        request_digest=attempt.request_digest,
        seats=min(seats, inside),
        left_at=now,
    )
    session.add(departure)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="visits.count_out",
        object_type="site",
        object_id=str(attempt.site_id),
        after={"seats": departure.seats, "told": seats},
    )
    events.publish(session, PeopleLeft(str(attempt.site_id), departure.seats))
    return Left(departure.id, departure.seats, inside - departure.seats)


def _find_left(session: Session, attempt: Attempt, now: datetime) -> Left | None:
    departure = find_departure(session, scanner=attempt.scanner, nonce=attempt.nonce)
    if departure is None:
        return None
    if departure.request_digest != attempt.request_digest:
        raise NonceReused
    entered, departed = count_through(session, attempt.site_id, on=beijing_date(now))
    return Left(departure.id, departure.seats, max(entered - departed, 0))
