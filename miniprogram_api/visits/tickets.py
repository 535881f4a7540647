"""Signed tickets: `v1.<key id>.<payload>.<signature>`, so that a gate can check one with no network.

The payload is 44 bytes (ticket, slot, times, sequence, seats) and the whole code some 160 characters, which
a QR code carries with ease. The signature covers the text before it, and only the one canonical spelling of
a code is accepted: a changed character is never the same ticket.
"""

import base64
import binascii
import io
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import qrcode

from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.crypto import UnknownKey

_VERSION = "v1"
_LAYOUT = struct.Struct(">16s16sIIHH")  # ticket, slot, not before, not after, sequence, seats
_SIGNATURE_BYTES = 64
_PARTS = 4
MAX_CODE_CHARS = 300


class TicketInvalid(Exception):
    """The code was not signed by one of our keys, or is no ticket at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketClaims:
    """What a ticket says; whether it still admits is the database's answer."""

    ticket_id: UUID
    slot_id: UUID
    seats: int
    valid_from: datetime
    valid_until: datetime
    sequence: int


def active_key() -> str:
    """The id of the key that signs new tickets."""
    kid, _ = crypto.signing_key()
    return kid


def issue(claims: TicketClaims, *, key_id: str | None = None) -> str:
    """The code of a ticket, always the same for the same claims and key.

    A key that has left the ring is replaced by the active one, so that a ticket outlives a rotation.
    """
    try:
        kid, key = crypto.signing_key(key_id)
    except UnknownKey:
        kid, key = crypto.signing_key()
    signed = f"{_VERSION}.{kid}.{_to_text(_pack(claims))}"
    return f"{signed}.{_to_text(key.sign(signed.encode()))}"


def verify(code: str) -> TicketClaims:
    """What a code claims, once its signature holds. Raises TicketInvalid, whatever the text is."""
    if len(code) > MAX_CODE_CHARS or code.count(".") != _PARTS - 1 or not code.isascii():
        raise TicketInvalid
    version, kid, payload, signature = code.split(".")
    raw, proof = _from_text(payload), _from_text(signature)
    signed = f"{version}.{kid}.{payload}".encode()
    known = version == _VERSION and len(raw) == _LAYOUT.size and len(proof) == _SIGNATURE_BYTES
    if not known or not crypto.is_signed(signed, kid=kid, signature=proof):
        raise TicketInvalid
    return _unpack(raw)


def as_png(code: str) -> bytes:
    """The code as a QR picture; medium error correction survives a creased print."""
    picture = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=8, border=4)
    picture.add_data(code)
    picture.make(fit=True)
    out = io.BytesIO()
    picture.make_image().save(out, format="PNG")
    return out.getvalue()


def _pack(claims: TicketClaims) -> bytes:
    return _LAYOUT.pack(
        claims.ticket_id.bytes,
        claims.slot_id.bytes,
        int(claims.valid_from.timestamp()),
        int(claims.valid_until.timestamp()),
        claims.sequence,
        claims.seats,
    )


def _unpack(raw: bytes) -> TicketClaims:
    ticket, slot, valid_from, valid_until, sequence, seats = _LAYOUT.unpack(raw)
    return TicketClaims(
        ticket_id=UUID(bytes=ticket),
        slot_id=UUID(bytes=slot),
        seats=seats,
        valid_from=datetime.fromtimestamp(valid_from, UTC),
        valid_until=datetime.fromtimestamp(valid_until, UTC),
        sequence=sequence,
    )


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise TicketInvalid from error
    # The last character has spare bits: several spellings would decode to the same bytes.
    if _to_text(raw) != text:
        raise TicketInvalid
    return raw
