"""What visits holds of a member: their copy of it, and its erasure."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from miniprogram_api.identity.personal_data import contributes, instant
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.crypto import mask_id_number, mask_phone
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.visits import personal
from miniprogram_api.visits.events import ContactRevealed
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    CalendarFeed,
    Hold,
    Scan,
    Standing,
    Strike,
    Visitor,
)
from miniprogram_api.visits.service import visitors
from miniprogram_api.visits.service.changes import BY_MEMBER, cancel_for_site
from miniprogram_api.visits.service.exporting import CONTACT_EXPORTED
from miniprogram_api.visits.service.holds import release_holds_of

_ACCOUNT_CLOSED = "会员已注销"
# Every act that shows a booking's contact in full, the registry's list of calls among them.
REVEALING = (ContactRevealed.name, CONTACT_EXPORTED, "registry.reveal_for_call")


@contributes("visits")
class VisitsOfMember:
    """Bookings with their contacts and visitors, holds, strikes and calendar addresses."""

    @staticmethod
    def export(session: Session, member_id: UUID) -> dict[str, Any]:
        mine = select(Booking).where(Booking.member_id == member_id).order_by(Booking.starts_at)
        strikes = select(Strike).where(Strike.member_id == member_id).order_by(Strike.struck_at)
        holds = select(Hold).where(Hold.member_id == member_id).order_by(Hold.created_at)
        standing = session.get(Standing, member_id)
        return {
            "bookings": _export_bookings(session, session.scalars(mine).all()),
            "holds": [_export_hold(hold) for hold in session.scalars(holds)],
            "strikes": [_export_strike(strike) for strike in session.scalars(strikes)],
            "barred_until": instant(standing.barred_until) if standing else None,
            "calendar_addresses": _export_calendars(session, member_id),
        }

    @staticmethod
    def erase(session: Session, member_id: UUID, now: datetime) -> None:
        release_holds_of(session, member_id=member_id, actor=SYSTEM)
        to_come = select(Booking.id, Booking.revision).where(
            Booking.member_id == member_id,
            Booking.status == BookingStatus.CONFIRMED,
            Booking.ends_at > now,
        )
        for booking_id, seen in session.execute(to_come.order_by(Booking.id)).all():
            cancel_for_site(
                session,
                booking_id=booking_id,
                seen=seen,
                leaving=None,
                reason=_ACCOUNT_CLOSED,
                by=BY_MEMBER,
                actor=SYSTEM,
                now=now,
            )
        mine = list(session.scalars(select(Booking.id).where(Booking.member_id == member_id)))
        visitors.erase_of_bookings(session, booking_ids=mine, now=now)
        _forget_words(session, member_id)
        session.execute(delete(CalendarFeed).where(CalendarFeed.member_id == member_id))
        session.expire_all()


def _forget_words(session: Session, member_id: UUID) -> None:
    """What the member wrote as a reason, or staff about them, may say anything."""
    mine = select(Booking.id).where(Booking.member_id == member_id)
    for statement in (
        update(Booking).where(Booking.member_id == member_id).values(cancel_reason=None),
        update(Strike).where(Strike.member_id == member_id).values(waive_reason=None),
        update(Scan).where(Scan.booking_id.in_(mine)).values(annul_reason=None),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _export_calendars(session: Session, member_id: UUID) -> list[dict[str, Any]]:
    mine = select(CalendarFeed).where(CalendarFeed.member_id == member_id).order_by(CalendarFeed.created_at)
    return [
        {"made_at": instant(feed.created_at), "ended_at": instant(feed.revoked_at)}
        for feed in session.scalars(mine)
    ]


def _scans_of(session: Session, booking_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    scans = select(Scan).where(Scan.booking_id.in_(booking_ids)).order_by(Scan.scanned_at, Scan.id)
    for scan in session.scalars(scans):
        found[scan.booking_id or scan.id].append(
            {
                "scanned_at": instant(scan.scanned_at),
                "result": scan.result.value,
                "seats": scan.seats,
                "annulled_at": instant(scan.annulled_at),
            }
        )
    return found


def _looks_of(session: Session, booking_ids: Sequence[UUID]) -> dict[str, list[dict[str, Any]]]:
    """When staff were shown a booking's contact in full, and why; who they were is not the member's data."""
    looks: dict[str, list[dict[str, Any]]] = defaultdict(list)
    about = AuditRow.object_id.in_([str(booking_id) for booking_id in booking_ids])
    kinds = AuditRow.object_type.in_(("contact", "booking"))
    wanted = select(AuditRow).where(kinds, about, AuditRow.action.in_(REVEALING))
    for row in session.scalars(wanted.order_by(AuditRow.id)):
        looks[row.object_id].append({"at": instant(row.at), "reason": row.reason})
    return looks


def _export_bookings(session: Session, bookings: Sequence[Booking]) -> list[dict[str, Any]]:
    facts = site_queries.site_facts()
    wanted = select(facts.c.id, facts.c.name).where(facts.c.id.in_({booking.site_id for booking in bookings}))
    names = {found.id: found.name for found in session.execute(wanted)}
    named = select(Visitor).where(Visitor.booking_id.in_([booking.id for booking in bookings]))
    parties: dict[UUID, list[Visitor]] = defaultdict(list)
    for visitor in session.scalars(named.order_by(Visitor.id)):
        parties[visitor.booking_id].append(visitor)
    ids = [booking.id for booking in bookings]
    scans, looks = _scans_of(session, ids), _looks_of(session, ids)
    return [
        {
            **_export_booking(booking, site=names[booking.site_id], named=parties[booking.id]),
            "scans": scans[booking.id],
            "contact_shown_to_staff": looks[str(booking.id)],
        }
        for booking in bookings
    ]


def _export_booking(booking: Booking, *, site: str, named: Sequence[Visitor]) -> dict[str, Any]:
    phone = personal.contact_phone(booking)
    return {
        "number": booking.number,
        "site": site,
        "status": booking.status.value,
        "starts_at": instant(booking.starts_at),
        "adults": booking.adults,
        "children": booking.children,
        "wheelchairs": booking.wheelchairs,
        "sign_language": bool(booking.sign_language),
        "admitted": booking.admitted,
        "contact_name": personal.contact_name(booking),
        "contact_phone_masked": None if phone is None else mask_phone(phone),
        "visitors": [_export_visitor(visitor) for visitor in named],
        "created_at": instant(booking.created_at),
        "cancelled_at": instant(booking.cancelled_at),
        "cancel_reason": booking.cancel_reason,
    }


def _export_visitor(visitor: Visitor) -> dict[str, Any]:
    # The document is another person's as often as not; its number leaves this system for nobody.
    number = personal.id_number(visitor)
    return {
        "name": personal.visitor_name(visitor),
        "id_type": visitor.id_type,
        "id_number_masked": None if number is None else mask_id_number(number),
    }


def _export_hold(hold: Hold) -> dict[str, Any]:
    return {
        "slot_id": str(hold.slot_id),
        "seats": hold.seats,
        "state": hold.state.value,
        "created_at": instant(hold.created_at),
        "expires_at": instant(hold.expires_at),
    }


def _export_strike(strike: Strike) -> dict[str, Any]:
    return {
        "kind": strike.kind.value,
        "half_points": strike.half_points,
        "struck_at": instant(strike.struck_at),
        "counts_until": instant(strike.counts_until),
        "waived_at": instant(strike.waived_at),
    }
