"""Dead letters as administrators read them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.registry.errors_dead_letters import DeadLetterMissing
from miniprogram_api.registry.models.dead_letters import UNSETTLED
from miniprogram_api.registry.models.dead_letters import DeadLetter as DeadLetter
from miniprogram_api.registry.models.dead_letters import DeadLetterState as DeadLetterState


def list_dead_letters(
    session: Session,
    *,
    limit: int,
    cursor: str | None,
    state: DeadLetterState | None = None,
    settled: bool = True,
) -> Page[DeadLetter]:
    """The oldest first, without payloads; `settled=False` leaves out what is over. Raises InvalidCursor."""
    statement = select(DeadLetter).options(defer(DeadLetter.payload, raiseload=True))
    if state is not None:
        statement = statement.where(DeadLetter.state == state)
    if not settled:
        statement = statement.where(DeadLetter.state.in_(UNSETTLED))
    columns = [DeadLetter.first_seen_at, DeadLetter.id]
    return page(session, statement, columns, limit=limit, cursor=cursor)


def get_dead_letter(session: Session, letter_id: UUID) -> DeadLetter:
    """One, with its payload. Raises DeadLetterMissing."""
    found = session.get(DeadLetter, letter_id)
    if found is None:
        raise DeadLetterMissing
    return found
