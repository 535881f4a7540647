"""What staff took off a site lately and may put back: it lies in the bin for thirty days."""

from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.sites.models import Indicator, LocalNote, Notice, Photo, Technology

KEPT = timedelta(days=30)

Retirable = Photo | Technology | Indicator | Notice | LocalNote
R = TypeVar("R", Photo, Technology, Indicator, Notice, LocalNote)


def list_retired(session: Session, kind: type[R], site_id: UUID, *, now: datetime, limit: int) -> list[R]:
    """The parts of a kind that can be put back, the latest first; one statement."""
    mine = select(kind).where(kind.site_id == site_id, kind.retired_at > now - KEPT)
    return list(session.scalars(mine.order_by(kind.retired_at.desc(), kind.id).limit(limit)))
