"""Visits as iCalendar (RFC 5545): one visit as a file, a member's visits or a site's slots as a feed.

A visit keeps its UID for good; its SEQUENCE rises with each change, and a cancelled one stays in the
calendar as CANCELLED, which is how calendars learn of it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from icalendar import Calendar, Event

from miniprogram_api.visits.models import BookingStatus
from miniprogram_api.visits.queries.feeds import SlotInFeed
from miniprogram_api.visits.queries.shown import BookingShown

CONTENT_TYPE = "text/calendar; charset=utf-8"
_PRODUCT = "-//Changchun Low-carbon Demonstration Zones//Visits//ZH"
_DOMAIN = "visits.changchun-lowcarbon"
_ALARM_SECONDS = 3600


def visit_file(booking: BookingShown) -> bytes:
    """A calendar of one visit."""
    return _calendar([_visit(booking)])


def visits_feed(bookings: Iterable[BookingShown]) -> bytes:
    """A member's visits."""
    return _calendar([_visit(booking) for booking in bookings], name="低碳示范点参观")


def site_feed(site_name: str, slots: Iterable[SlotInFeed], *, now: datetime) -> bytes:
    """A site's slots with how many come, for its staff; nobody's name."""
    return _calendar([_slot(slot, site_name, now) for slot in slots], name=f"{site_name} 参观场次")


def phone_calendar(booking: BookingShown) -> dict[str, Any]:
    """The arguments of wx.addPhoneCalendar for a visit."""
    return {
        "title": _title(booking.site.name),
        "startTime": int(booking.slot.starts_at.timestamp()),
        "endTime": str(int(booking.slot.ends_at.timestamp())),
        "location": booking.site.address,
        "description": _description(booking),
        "alarm": True,
        "alarmOffset": _ALARM_SECONDS,
    }


def _calendar(events: Sequence[Event], *, name: str | None = None) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    if name is not None:
        calendar.add("x-wr-calname", name)
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _visit(booking: BookingShown) -> Event:
    event = Event()
    event.add("uid", f"{booking.id}@{_DOMAIN}")
    event.add("sequence", booking.calendar_sequence)
    event.add("dtstamp", (booking.cancelled_at or booking.created_at).astimezone(UTC))
    event.add("dtstart", booking.slot.starts_at.astimezone(UTC))
    event.add("dtend", booking.slot.ends_at.astimezone(UTC))
    event.add("summary", _title(booking.site.name))
    event.add("location", booking.site.address)
    event.add("description", _description(booking))
    event.add("status", "CANCELLED" if booking.status is BookingStatus.CANCELLED else "CONFIRMED")
    return event


def _slot(slot: SlotInFeed, site_name: str, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{slot.id}@{_DOMAIN}")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", slot.starts_at.astimezone(UTC))
    event.add("dtend", slot.ends_at.astimezone(UTC))
    event.add("summary", f"{site_name}：已约 {slot.booked}/{slot.capacity} 人")
    open_status = "TENTATIVE" if slot.provisional else "CONFIRMED"
    event.add("status", "CANCELLED" if slot.closed else open_status)
    return event


def _title(site_name: str) -> str:
    return f"参观{site_name}"


def _description(booking: BookingShown) -> str:
    return f"预约号 {booking.number}，{booking.seats} 人"
