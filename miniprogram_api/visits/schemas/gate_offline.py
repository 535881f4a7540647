"""Wire formats of gates that had no network: the day's package, what they send in, and the conflicts."""

from datetime import date

from marshmallow import fields, validate

from miniprogram_api.visits.models import ConflictState, ScanResult
from miniprogram_api.visits.schemas.gate import (
    MAX_PARTY,
    ScanView,
    SlotFiguresView,
    nonce_field,
)
from miniprogram_api.web.schemas import Id, Instant, Paging, Schema, Text, Whole

MAX_SCANS = 200


class BundleFilter(Schema):
    """`?date=` is a Beijing day, today unless given."""

    site_id = Id(required=True)
    on = fields.Date(
        data_key="date",
        load_default=None,
        validate=validate.Range(min=date(2000, 1, 1), max=date(2100, 12, 31)),
    )


class VerifyKeyView(Schema):
    key_id = fields.String()
    algorithm = fields.String()
    public_key = fields.String(metadata={"description": "32 raw bytes, base64url."})


class LocksView(Schema):
    """With which salt tags and keys are derived from codes, and how slowly from short ones."""

    salt = fields.String()
    rounds = fields.Integer(metadata={"description": "Of PBKDF2-HMAC-SHA-256, for short codes."})


class SignatureView(Schema):
    key_id = fields.String()
    value = fields.String(metadata={"description": "Ed25519, base64url."})


class BundleSlotView(SlotFiguresView):
    starts_at = fields.String()  # type: ignore[assignment]  # signed as it is spelled
    ends_at = fields.String()  # type: ignore[assignment]


class BundleView(Schema):
    """What a gate needs for a day without a network.

    The signature covers the JSON of everything else with sorted keys and no spaces. A code that is shown
    gives 48 bytes (HKDF-SHA-256 of a signed code, PBKDF2 of a short one): a tag of 16, under which the roster
    has the party's record, and the AES-256-GCM key of 32 that opens it; its first 12 bytes are the nonce.
    """

    version = fields.Integer()
    site_id = fields.String()
    date = fields.String()
    generated_at = fields.String()
    valid_until = fields.String(metadata={"description": "The end of the day in Beijing."})
    keys = fields.List(fields.Nested(VerifyKeyView))
    revoked = fields.List(fields.String(), metadata={"description": "Tickets that admit no more."})
    slots = fields.List(fields.Nested(BundleSlotView))
    locks = fields.Nested(LocksView)
    roster = fields.Dict(keys=fields.String(), values=fields.String())
    signature = fields.Nested(SignatureView)


class OfflineScanBody(Schema):
    """A party that a gate let in by itself; a code that is known to be signed is sent as such."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=400))
    nonce = nonce_field()
    scanned_at = Instant(required=True, metadata={"description": "Counts if it is of the last 24 hours."})
    seats = Whole(
        least=1,
        most=MAX_PARTY,
        load_default=None,
        allow_none=True,
        metadata={"description": "How many came in; by default all who had not yet."},
    )
    offline = fields.Boolean(load_default=True, truthy={True}, falsy={False})


class BatchBody(Schema):
    site_id = Id(required=True)
    scans = fields.List(
        fields.Nested(OfflineScanBody), required=True, validate=validate.Length(min=1, max=MAX_SCANS)
    )


class OfflineScanView(ScanView):
    """What a scan comes to as far as is known: an earlier one that is sent in later comes before it."""

    nonce = fields.String()
    conflict_id = fields.String(
        allow_none=True, metadata={"description": "Where people of this scan had no place left."}
    )
    error = fields.String(
        allow_none=True, metadata={"description": "The code of what is wrong with this one scan."}
    )


class BatchView(Schema):
    """An answer to each scan, in the order of the request."""

    items = fields.List(fields.Nested(OfflineScanView))


class ConflictFilter(Paging):
    site_id = Id(required=True)
    state = fields.Enum(ConflictState, by_value=True, load_default=None)


class ConflictView(Schema):
    """People let in without a network beyond what their booking admits; `first_*` is who came before them."""

    id = fields.String()
    state = fields.Enum(ConflictState, by_value=True)
    heads = fields.Integer()
    opened_at = Instant()
    scanned_at = Instant()
    received_at = Instant()
    gate = fields.String()
    result = fields.Enum(ScanResult, by_value=True)
    admitted_now = fields.Integer(metadata={"description": "Of this scan, within the booking."})
    first_at = Instant(allow_none=True)
    first_gate = fields.String(allow_none=True)
    booking_id = fields.String()
    booking_number = fields.String()
    seats = fields.Integer()
    admitted = fields.Integer()
    starts_at = Instant(metadata={"description": "Of the visit."})
    ends_at = Instant()
    name_masked = fields.String(allow_none=True)
    closed_at = Instant(allow_none=True)
    closed_by = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class ConflictsView(Schema):
    items = fields.List(fields.Nested(ConflictView))
    next_cursor = fields.String(allow_none=True)


class CloseBody(Schema):
    note = Text(max_length=200, required=True)
