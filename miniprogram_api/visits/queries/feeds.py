"""Whose calendar a secret address is, and what stands in a site's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import token_hash
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.visits.models import CalendarFeed, Slot, SlotState

LOOKS_BACK = timedelta(days=90)  # a cancelled visit must stay until every calendar has seen it
SITE_LOOKS_BACK = timedelta(days=7)  # a site has many slots, and its staff look ahead
_SITE_SLOTS = 2000


@dataclass(frozen=True, slots=True)
class SlotInFeed:
    id: UUID
    starts_at: datetime
    ends_at: datetime
    booked: int
    capacity: int
    closed: bool
    provisional: bool


@dataclass(frozen=True, slots=True)
class FeedOwner:
    """A member, or a site with its name."""

    member_id: UUID | None
    site_id: UUID | None
    site_name: str


def get_feed_owner(session: Session, token: str) -> FeedOwner:
    """Whose feed this is. Raises NotFound for an unknown or revoked address."""
    site = site_queries.site_facts()
    statement = (
        select(CalendarFeed.member_id, CalendarFeed.site_id, site.c.name)
        .outerjoin(site, site.c.id == CalendarFeed.site_id)
        .where(CalendarFeed.token_hash == token_hash(token), CalendarFeed.revoked_at.is_(None))
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    return FeedOwner(row.member_id, row.site_id, row.name or "")


def list_feed_slots(session: Session, *, site_id: UUID, since: datetime) -> list[SlotInFeed]:
    """The slots of a site from a moment on."""
    figures = (Slot.id, Slot.starts_at, Slot.ends_at, Slot.booked, Slot.capacity)
    statement = select(*figures, Slot.state, Slot.provisional).where(
        Slot.site_id == site_id, Slot.starts_at >= since
    )
    rows = session.execute(statement.order_by(Slot.starts_at).limit(_SITE_SLOTS))
    return [
        SlotInFeed(*row[:5], closed=row.state is SlotState.CLOSED, provisional=row.provisional)
        for row in rows
    ]
