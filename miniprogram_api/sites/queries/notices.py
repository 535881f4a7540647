"""The notices of a site as its staff see them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.sites.models import Notice


def list_notices(session: Session, site_id: UUID) -> list[Notice]:
    """Those that were not taken down, the newest first; one statement."""
    mine = select(Notice).where(Notice.site_id == site_id, Notice.retired_at.is_(None))
    return list(session.scalars(mine.order_by(Notice.created_at.desc(), Notice.id)))
