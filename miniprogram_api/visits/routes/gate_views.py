"""How the gate's answers go out: bookings masked, whoever scanned by name."""

from typing import Any
from uuid import UUID

from miniprogram_api.identity.service import devices
from miniprogram_api.kernel.db import reading
from miniprogram_api.visits import personal
from miniprogram_api.visits.queries.gate import BookingAtGate, FirstScan
from miniprogram_api.visits.service.gate import ScanAnswer
from miniprogram_api.visits.service.lookups import LookupAnswer


def scan_view(answer: ScanAnswer) -> dict[str, Any]:
    """The answer to a scan."""
    return _shown(answer) | {"id": answer.id, "admitted_now": answer.seats}


def lookup_view(answer: LookupAnswer) -> dict[str, Any]:
    """The answer to a look at a ticket."""
    return _shown(answer)


def _shown(answer: ScanAnswer | LookupAnswer) -> dict[str, Any]:
    booking = answer.booking
    return {
        "result": answer.result,
        "booking": _booking_view(booking) if booking else None,
        "admitted": answer.admitted,
        "remaining": answer.remaining,
        "first_scan": _first_scan_view(answer.first_scan) if booking else None,
    }


def _booking_view(booking: BookingAtGate) -> dict[str, Any]:
    anonymous = booking.contact_name_cipher is None and booking.contact_phone_cipher is None
    return {
        "id": booking.id,
        "number": booking.number,
        "channel": booking.channel.value,
        "slot": {"id": booking.slot_id, "starts_at": booking.starts_at, "ends_at": booking.ends_at},
        "party": booking.party,
        "wheelchairs": booking.party.wheelchairs,
        "sign_language": bool(booking.party.sign_language),
        "seats": booking.seats,
        "contact": None if anonymous else _contact_view(booking),
    }


def _contact_view(booking: BookingAtGate) -> dict[str, str | None]:
    name, phone = personal.masked_contact(
        booking.id, name_cipher=booking.contact_name_cipher, phone_cipher=booking.contact_phone_cipher
    )
    return {"name_masked": name, "phone_masked": phone}


def _first_scan_view(first: FirstScan | None) -> dict[str, Any] | None:
    if first is None:
        return None
    kind, _, scanner_id = first.scanner.partition(":")
    with reading() as session:
        name = devices.name_of(session, kind, UUID(scanner_id))
    return {"at": first.at, "gate": name or first.scanner}
