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
    jobs_articles,  # noqa: F401  these register themselves
    jobs_feedback,  # noqa: F401
    jobs_pushes,  # noqa: F401
    jobs_sending,  # noqa: F401
    rules,
)
from miniprogram_api.messaging.models import (
    Message,
    MessageDelivery,
    MessageKind,
    SubscriptionCredit,
)
from miniprogram_api.messaging.service import inbox, subscriptions
from miniprogram_api.visits.events import (
    VisitCancelled,
    VisitCancelledBySite,
    VisitChanged,
    VisitMovedBySite,
    VisitRestored,
)
from miniprogram_api.visits.queries import bookings, slot_changes, slots
from miniprogram_api.visits.queries.shown import BookingShown


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
    if event.by != "site":
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
    # A party shrinks each time: how many are left tells one time from another, however late this runs.
    _leave(session, booking, MessageKind.VISIT_REDUCED_BY_SITE, wording, occasion=event.seats)


@subscribe(VisitMovedBySite, name="messaging.tell_of_move")
def tell_of_move(session: Session, event: VisitMovedBySite) -> None:
    """A site moved the visit to another slot, or back."""
    booking = bookings.get_managed_booking(session, UUID(event.booking_id))
    after = slots.get_times(session, UUID(event.slot_id))
    if event.back:
        back = rules.visit_moved_back(site=booking.site.name, number=booking.number, after=after)
        _leave(session, booking, MessageKind.VISIT_RESTORED, back)
        return
    moved = rules.visit_moved_by_site(
        site=booking.site.name,
        number=booking.number,
        before=slots.get_times(session, UUID(event.slot_id_before)),
        after=after,
        reason=slot_changes.find_reason(session, booking.id),
    )
    _leave(session, booking, MessageKind.VISIT_MOVED_BY_SITE, moved)


@subscribe(VisitRestored, name="messaging.tell_of_restoring")
def tell_of_restoring(session: Session, event: VisitRestored) -> None:
    """A visit that its site had cancelled takes place after all."""
    booking = bookings.get_managed_booking(session, UUID(event.booking_id))
    wording = rules.visit_restored(
        site=booking.site.name,
        number=booking.number,
        starts_at=booking.slot.starts_at,
        ends_at=booking.slot.ends_at,
    )
    _leave(session, booking, MessageKind.VISIT_RESTORED, wording)


def _tell(session: Session, booking_id: UUID) -> None:
    booking = bookings.get_managed_booking(session, booking_id)
    wording = rules.visit_cancelled_by_site(
        site=booking.site.name,
        number=booking.number,
        starts_at=booking.slot.starts_at,
        ends_at=booking.slot.ends_at,
        reason=booking.cancel_reason,
    )
    _leave(session, booking, MessageKind.VISIT_CANCELLED_BY_SITE, wording)


def _leave(
    session: Session,
    booking: BookingShown,
    kind: MessageKind,
    wording: rules.Wording,
    *,
    occasion: int | None = None,
) -> None:
    # Bookings by phone or at the window have no inbox: the site's list shows whom to call.
    if booking.member_id is None:
        return
    inbox.tell(
        session,
        member_id=booking.member_id,
        kind=kind,
        subject_id=str(booking.id),
        # The same visit may be cancelled again after it was restored: that is news.
        occasion=booking.calendar_sequence if occasion is None else occasion,
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
