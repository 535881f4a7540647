"""Old bookings made findable: what a desk looks a contact up by, computed where it is missing."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from miniprogram_api.visits import personal
from miniprogram_api.visits.models import Booking
from miniprogram_api.visits.rules.party import phone_tail

BATCH = 500
_MISSING = or_(
    and_(Booking.contact_phone_cipher.is_not(None), Booking.contact_tail_index.is_(None)),
    and_(Booking.contact_name_cipher.is_not(None), Booking.contact_name_index.is_(None)),
)


def list_unindexed(session: Session, *, after: UUID | None = None) -> list[UUID]:
    """The next bookings whose contact is kept and cannot be looked up, by id."""
    wanted = select(Booking.id).where(_MISSING).order_by(Booking.id).limit(BATCH)
    return list(session.scalars(wanted if after is None else wanted.where(Booking.id > after)))


def index_contacts(session: Session, booking_ids: Sequence[UUID]) -> int:
    """Fill in what is missing of these; returns for how many. Once more it finds nothing to do."""
    columns = (Booking.id, Booking.site_id, Booking.contact_name_cipher, Booking.contact_phone_cipher)
    rows = session.execute(select(*columns).where(Booking.id.in_(booking_ids), _MISSING)).all()
    filled = 0
    for booking_id, site_id, name_cipher, phone_cipher in rows:
        name, phone = personal.open_contact(booking_id, name_cipher=name_cipher, phone_cipher=phone_cipher)
        # Compared with what was read: of a contact that was erased meanwhile nothing may come back.
        unchanged = and_(
            Booking.id == booking_id,
            Booking.contact_name_cipher.is_not_distinct_from(name_cipher),
            Booking.contact_phone_cipher.is_not_distinct_from(phone_cipher),
        )
        indexes = {
            "contact_tail_index": personal.tail_index(phone_tail(phone), site_id) if phone else None,
            "contact_name_index": personal.name_index(name, site_id) if name else None,
        }
        statement = update(Booking).where(unchanged).values(indexes).returning(Booking.id)
        filled += session.scalar(statement.execution_options(synchronize_session=False)) is not None
    return filled
