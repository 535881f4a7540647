"""Taking lists of bookings out of the product: how much at once, and what the trail says of it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.visits.errors.bookings import ExportTooLarge
from miniprogram_api.visits.events import BookingsExported
from miniprogram_api.visits.models import Booking
from miniprogram_api.visits.queries.desk import DeskFilter, conditions_of

MOST, MOST_UNMASKED = 5000, 1000
CONTACT_EXPORTED = "visits.contact_exported"


def open_export(
    session: Session,
    *,
    site_id: UUID,
    wanted: DeskFilter,
    reason: str | None,
    actor: Actor,
    today: date,
) -> Sequence[UUID]:
    """Which bookings an export holds, in the order of their visits; with a reason contacts are shown in full.

    The export leaves an audit row, and one more for each contact it shows, as a single look would; what was
    searched for is not written down. Raises ExportTooLarge.
    """
    most = MOST if reason is None else MOST_UNMASKED
    conditions = conditions_of(session, site_id=site_id, wanted=wanted, today=today)
    statement = select(Booking.id, Booking.contact_phone_cipher.is_not(None)).where(*conditions)
    rows = session.execute(statement.order_by(Booking.starts_at, Booking.id).limit(most + 1)).all()
    if len(rows) > most:
        raise ExportTooLarge(most=most)
    ids = [booking_id for booking_id, _ in rows]
    audit.record(
        session,
        actor=actor,
        action=BookingsExported.name,
        object_type="export",
        object_id=str(site_id),
        after={"bookings": len(ids), "unmasked": reason is not None, **_told(wanted)},
        reason=reason,
    )
    if reason is not None:
        _note_contacts(session, [booking_id for booking_id, has in rows if has], site_id, reason, actor)
    exported = BookingsExported(site_id=str(site_id), bookings=len(ids), unmasked=reason is not None)
    events.publish(session, exported)
    return ids


def _told(wanted: DeskFilter) -> dict[str, str | bool | None]:
    return {
        "visit_on": wanted.visit_on.isoformat() if wanted.visit_on else None,
        "status": wanted.status.value if wanted.status else None,
        "slot_id": str(wanted.slot_id) if wanted.slot_id else None,
        "searched": bool(wanted.words),
    }


def _note_contacts(
    session: Session, booking_ids: Sequence[UUID], site_id: UUID, reason: str, actor: Actor
) -> None:
    rows = [
        audit.row_of(
            actor=actor,
            action=CONTACT_EXPORTED,
            object_type="contact",
            object_id=str(booking_id),
            after={"site_id": str(site_id), "fields": ["name", "phone"]},
            reason=reason,
        )
        for booking_id in booking_ids
    ]
    audit.record_all(session, rows)
