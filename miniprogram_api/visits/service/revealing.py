"""Showing staff who to call about a booking: one person at a time, for a reason that is recorded."""

from dataclasses import dataclass, field
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.visits import personal
from miniprogram_api.visits.events import ContactRevealed
from miniprogram_api.visits.models import Booking

PERMISSION = "personal_data.reveal"
REVEALS = Counter("pii_reveals_total", "Personal data shown in full to staff", ["role"])


@dataclass(frozen=True, slots=True)
class RevealedContact:
    """The contact of a booking in full; None for what was never given or has been erased."""

    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)


def reveal_contact(session: Session, *, booking_id: UUID, reason: str, actor: Actor) -> RevealedContact:
    """The contact of a booking, unmasked. Raises NotFound.

    Each look leaves an audit row, which says who was looked at and why but not what was seen. Identity
    numbers are shown to nobody.
    """
    booking = session.get(Booking, booking_id)
    if booking is None:
        raise NotFound
    audit.record(
        session,
        actor=actor,
        action=ContactRevealed.name,
        # Not of the booking: nothing about it changes, and what follows its changes is not to stir.
        object_type="contact",
        object_id=str(booking_id),
        after={"site_id": str(booking.site_id), "fields": ["name", "phone"]},
        reason=reason,
    )
    events.publish(session, ContactRevealed(booking_id=str(booking_id), site_id=str(booking.site_id)))
    return RevealedContact(personal.contact_name(booking), personal.contact_phone(booking))


def count_reveals(principal: Principal, contacts: int) -> None:
    """Count contacts that were shown in full, under each role by which the caller may see them."""
    for role in sorted({grant.role for grant in principal.grants if PERMISSION in grant.permissions}):
        REVEALS.labels(role).inc(contacts)
