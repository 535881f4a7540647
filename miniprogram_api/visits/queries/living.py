"""Which bookings can still be called off, as SQL."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_

from miniprogram_api.visits.models import Booking, BookingStatus


def is_living(now: datetime) -> ColumnElement[bool]:
    """A visit to come of which nobody has come yet. Whoever is inside already has visited."""
    return and_(Booking.status == BookingStatus.CONFIRMED, Booking.starts_at > now)
