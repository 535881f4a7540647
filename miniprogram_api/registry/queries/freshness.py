"""How old our copy of the registry is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.registry.models.feed import THE_FEED, Feed
from miniprogram_api.registry.rules.pulling import Ages, Freshness, freshness


@dataclass(frozen=True, slots=True)
class CopyState:
    """The date of the data, its age, and what that means."""

    as_of: datetime | None
    age: timedelta
    freshness: Freshness


def read_freshness(session: Session, *, now: datetime) -> CopyState:
    """The state of our copy. Before anything was ever asked of the registry it counts as fresh."""
    row = session.execute(select(Feed.as_of, Feed.began_at).where(Feed.id == THE_FEED)).one_or_none()
    if row is None:
        return CopyState(None, timedelta(0), Freshness.FRESH)
    ages = Ages(row.as_of, row.began_at)
    return CopyState(row.as_of, now - (row.as_of or row.began_at), freshness(ages, now))
