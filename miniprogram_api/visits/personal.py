"""Personal data of bookings, sealed and opened: the one place that knows the contexts it is encrypted in."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from miniprogram_api.kernel import crypto
from miniprogram_api.visits.models import Booking, Visitor
from miniprogram_api.visits.rules.party import Contact, Person, normalise_name, phone_tail

_PERSON = "person"
_PHONE = "phone"
_TAIL = "phone_tail"
_NAME = "contact_name"

NO_CONTACT: Mapping[str, None] = MappingProxyType(
    {
        "contact_name_cipher": None,
        "contact_phone_cipher": None,
        "contact_phone_index": None,
        "contact_tail_index": None,
        "contact_name_index": None,
    }
)


def seal_contact(
    contact: Contact | None, booking_id: UUID, *, site_id: UUID
) -> dict[str, str | bytes | None]:
    """The columns of a booking that hold its contact."""
    if contact is None:
        return dict(NO_CONTACT)
    return {
        "contact_name_cipher": crypto.encrypt(contact.name, context=_of_booking("contact_name", booking_id)),
        "contact_phone_cipher": crypto.encrypt(
            contact.phone, context=_of_booking("contact_phone", booking_id)
        ),
        "contact_phone_index": phone_index(contact.phone),
        "contact_tail_index": tail_index(phone_tail(contact.phone), site_id),
        "contact_name_index": name_index(contact.name, site_id),
    }


def seal_person(person: Person, visitor_id: UUID) -> dict[str, str | bytes | None]:
    """The columns of a visitor that hold who they are."""
    return {
        "name_cipher": crypto.encrypt(person.name, context=_of_visitor("name", visitor_id)),
        "id_type": person.id_type.value,
        "id_cipher": crypto.encrypt(person.id_number, context=_of_visitor("id", visitor_id)),
        "person_index": crypto.blind_index(person.key, purpose=_PERSON),
    }


def phone_index(phone: str) -> bytes:
    """What a phone is looked up by."""
    return crypto.blind_index(phone, purpose=_PHONE)


def tail_index(digits: str, site_id: UUID) -> bytes:
    """What a site's desk looks the last digits of a phone up by; of two sites they never look alike."""
    return crypto.blind_index(f"{site_id}:{digits}", purpose=_TAIL)


def name_index(name: str, site_id: UUID) -> bytes:
    """What a site's desk looks a whole name up by."""
    return crypto.blind_index(f"{site_id}:{normalise_name(name)}", purpose=_NAME)


def contact_name(booking: Booking) -> str | None:
    return _open(booking.contact_name_cipher, _of_booking("contact_name", booking.id))


def contact_phone(booking: Booking) -> str | None:
    return _open(booking.contact_phone_cipher, _of_booking("contact_phone", booking.id))


def visitor_name(visitor: Visitor) -> str | None:
    return _open(visitor.name_cipher, _of_visitor("name", visitor.id))


def id_number(visitor: Visitor) -> str | None:
    return _open(visitor.id_cipher, _of_visitor("id", visitor.id))


def masked_contact(
    booking_id: UUID, *, name_cipher: str | None, phone_cipher: str | None
) -> tuple[str | None, str | None]:
    """Name and phone of a booking that was read as columns, masked."""
    name, phone = open_contact(booking_id, name_cipher=name_cipher, phone_cipher=phone_cipher)
    return crypto.mask_name(name) if name else None, crypto.mask_phone(phone) if phone else None


def open_contact(
    booking_id: UUID, *, name_cipher: str | None, phone_cipher: str | None = None
) -> tuple[str | None, str | None]:
    """Name and phone of a booking that was read as columns."""
    name = _open(name_cipher, _of_booking("contact_name", booking_id))
    return name, _open(phone_cipher, _of_booking("contact_phone", booking_id))


def _open(cipher: str | None, context: str) -> str | None:
    return None if cipher is None else crypto.decrypt(cipher, context=context)


def _of_booking(field: str, booking_id: UUID) -> str:
    return f"visits_bookings.{field}:{booking_id}"


def _of_visitor(field: str, visitor_id: UUID) -> str:
    return f"visits_visitors.{field}:{visitor_id}"
