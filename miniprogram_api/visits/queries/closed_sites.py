"""Visits that are still due at sites which should have none."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miniprogram_api.visits.models import Booking
from miniprogram_api.visits.queries.living import is_living


def last_visits(session: Session, site_ids: Collection[UUID], *, now: datetime) -> dict[UUID, datetime]:
    """When the last visit begins that is still to come, of those of the sites that have any."""
    if not site_ids:
        return {}
    to_come = (
        select(Booking.site_id, func.max(Booking.starts_at))
        .where(Booking.site_id.in_(sorted(site_ids)), Booking.starts_at > now, is_living(now))
        .group_by(Booking.site_id)
    )
    return dict(session.execute(to_come).all())
