"""The notices of a site as its staff see them: those that are shown, and those taken down lately."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from miniprogram_api.sites.models import Notice

KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Notices:
    """Both, the newest first."""

    shown: list[Notice]
    retired: list[Notice]


def list_notices(session: Session, site_id: UUID, *, now: datetime) -> Notices:
    """The notices of a site; one statement."""
    lately = or_(Notice.retired_at.is_(None), Notice.retired_at > now - KEPT)
    mine = select(Notice).where(Notice.site_id == site_id, lately)
    found = list(session.scalars(mine.order_by(Notice.created_at.desc(), Notice.id)))
    return Notices(
        [notice for notice in found if notice.retired_at is None],
        [notice for notice in found if notice.retired_at is not None],
    )
