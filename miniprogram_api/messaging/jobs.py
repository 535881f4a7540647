"""Listens to what members must hear of, and keeps its part of their personal data."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from miniprogram_api.identity.personal_data import contributes, instant
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.messaging import (
    jobs_sending,  # noqa: F401  its sweep registers itself
    rules,
)
from miniprogram_api.messaging.models import (
    Message,
    MessageDelivery,
    MessageKind,
    SubscriptionCredit,
)
from miniprogram_api.messaging.service import inbox, subscriptions
from miniprogram_api.visits.events import VisitCancelled, VisitCancelledBySite, VisitChanged
from miniprogram_api.visits.queries import bookings


@subscribe(VisitCancelledBySite, name="messaging.tell_of_closure")
def tell_of_closure(session: Session, event: VisitCancelledBySite) -> None:
    """A closed site cancelled the visit."""
    _tell(session, UUID(event.booking_id))


@subscribe(VisitCancelled, name="messaging.tell_of_cancellation")
def tell_of_cancellation(session: Session, event: VisitCancelled) -> None:
    """Staff cancelled this one booking; a member's own cancelling is no news to them."""
    if event.by == "site":
        _tell(session, UUID(event.booking_id))


@subscribe(VisitChanged, name="messaging.tell_of_reduction")
def tell_of_reduction(session: Session, event: VisitChanged) -> None:
    """Staff took part of a party off the booking."""
    if event.by != "site" or event.member_id is None:
        return
    booking = bookings.get_managed_booking(session, UUID(event.booking_id))
    wording = rules.visit_reduced_by_site(
        site=booking.site.name,
        number=booking.number,
        starts_at=booking.slot.starts_at,
        ends_at=booking.slot.ends_at,
        gone=event.seats_before - event.seats,
        left=event.seats,
        reason=booking.cancel_reason,
    )
    inbox.tell(
        session,
        member_id=UUID(event.member_id),
        kind=MessageKind.VISIT_REDUCED_BY_SITE,
        # A party shrinks each time, so each time has a subject of its own.
        subject_id=f"{event.booking_id}:{event.seats}",
        wording=wording,
        now=clock.now(),
    )


def _tell(session: Session, booking_id: UUID) -> None:
    booking = bookings.get_managed_booking(session, booking_id)
    # Bookings by phone or at the window have no inbox: the site's list shows whom to call.
    if booking.member_id is None:
        return
    wording = rules.visit_cancelled_by_site(
        site=booking.site.name,
        number=booking.number,
        starts_at=booking.slot.starts_at,
        ends_at=booking.slot.ends_at,
        reason=booking.cancel_reason,
    )
    inbox.tell(
        session,
        member_id=booking.member_id,
        kind=MessageKind.VISIT_CANCELLED_BY_SITE,
        subject_id=str(booking_id),
        wording=wording,
        now=clock.now(),
    )


@contributes("messages")
class MessagesOfMember:
    """A member's messages in their export, and gone with them."""

    @staticmethod
    def export(session: Session, member_id: UUID) -> dict[str, Any]:
        own = select(Message).where(Message.member_id == member_id).order_by(Message.created_at, Message.id)
        return {
            "items": [
                {
                    "title": message.title,
                    "body": message.body,
                    "created_at": instant(message.created_at),
                    "read_at": instant(message.read_at),
                }
                for message in session.scalars(own)
            ],
            "subscriptions": {
                template.value: left
                for template, left in subscriptions.list_credits(session, member_id=member_id).items()
            },
        }

    @staticmethod
    def erase(session: Session, member_id: UUID, now: datetime) -> None:
        session.execute(delete(MessageDelivery).where(MessageDelivery.member_id == member_id))
        session.execute(delete(SubscriptionCredit).where(SubscriptionCredit.member_id == member_id))
        session.execute(delete(Message).where(Message.member_id == member_id))
