"""Wire formats of the gate: scans, walk-ins, departures, and who is inside."""

from datetime import date

from marshmallow import fields, validate

from miniprogram_api.visits.models import BookingStatus, ScanResult
from miniprogram_api.web.schemas import Id, Instant, Paging, Schema, Text, Whole

MAX_PARTY = 1000
NONCE = validate.Regexp(r"\A[\x21-\x7e]{1,64}\Z", error="field.characters")


def nonce_field() -> fields.String:
    return fields.String(
        required=True,
        validate=NONCE,
        metadata={"description": "Chosen by the scanner for each scan; sent again with a repeated request."},
    )


class ScanBody(Schema):
    """A code that a visitor shows: the QR code's text, or the short code as somebody typed it."""

    site_id = Id(required=True)
    code = fields.String(required=True, validate=validate.Length(min=1, max=400))
    nonce = nonce_field()
    scanned_at = Instant(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Counts for a device's `offline` scan of the last 24 hours; else our clock does."
        },
    )
    seats = Whole(
        least=1,
        most=MAX_PARTY,
        load_default=None,
        allow_none=True,
        metadata={"description": "How many come in now; by default all who have not yet."},
    )
    offline = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class PartyAtGateView(Schema):
    adults = fields.Integer()
    children = fields.Integer()


class ContactAtGateView(Schema):
    name_masked = fields.String(allow_none=True)
    phone_masked = fields.String(allow_none=True)


class SlotAtGateView(Schema):
    id = fields.String()
    starts_at = Instant()
    ends_at = Instant()


class BookingAtGateView(Schema):
    """What a gate sees of a booking; personal data is masked."""

    id = fields.String()
    number = fields.String()
    channel = fields.String()
    slot = fields.Nested(SlotAtGateView)
    party = fields.Nested(PartyAtGateView)
    wheelchairs = fields.Integer()
    sign_language = fields.Boolean()
    seats = fields.Integer()
    contact = fields.Nested(ContactAtGateView, allow_none=True)


class FirstScanView(Schema):
    at = Instant()
    gate = fields.String(metadata={"description": "The device's name, or who scanned."})


class ScanView(Schema):
    """The answer to a scan: `admitted_now` came in by it, the others are of the whole party."""

    id = fields.String()
    result = fields.Enum(ScanResult, by_value=True)
    booking = fields.Nested(BookingAtGateView, allow_none=True)
    admitted_now = fields.Integer()
    admitted = fields.Integer()
    remaining = fields.Integer()
    first_scan = fields.Nested(FirstScanView, allow_none=True)


class LookupBody(Schema):
    """A code as it was scanned or typed."""

    site_id = Id(required=True)
    code = fields.String(required=True, validate=validate.Length(min=1, max=400))


class LookupView(Schema):
    """What a scan would be answered now; `remaining` is how many of the party it would let in."""

    result = fields.Enum(ScanResult, by_value=True)
    booking = fields.Nested(BookingAtGateView, allow_none=True)
    admitted = fields.Integer()
    remaining = fields.Integer()
    first_scan = fields.Nested(FirstScanView, allow_none=True)


class ScanFilter(Paging):
    """`?date=` is a Beijing day, today unless given."""

    site_id = Id(required=True)
    on = fields.Date(
        data_key="date",
        load_default=None,
        validate=validate.Range(min=date(2000, 1, 1), max=date(2100, 12, 31)),
    )
    result = fields.Enum(ScanResult, by_value=True, load_default=None)


class ScanSeenView(Schema):
    """A scan of the site's list, refused and undone ones too; nobody's name but the gates'."""

    id = fields.String()
    at = Instant()
    received_at = Instant(metadata={"description": "Later than `at` for a scan without network."})
    gate = fields.String(metadata={"description": "The device's name, or who scanned."})
    result = fields.Enum(ScanResult, by_value=True)
    booking_id = fields.String(allow_none=True)
    booking_number = fields.String(allow_none=True)
    admitted_now = fields.Integer()
    admitted = fields.Integer()
    remaining = fields.Integer()
    undone_at = Instant(allow_none=True)
    undone_by = fields.String(allow_none=True)
    undo_reason = fields.String(allow_none=True)


class ScansView(Schema):
    items = fields.List(fields.Nested(ScanSeenView))
    next_cursor = fields.String(allow_none=True)


class UndoBody(Schema):
    reason = Text(max_length=200, required=True)


class WalkInPartyBody(Schema):
    adults = Whole(least=0, most=MAX_PARTY, required=True)
    children = Whole(least=0, most=MAX_PARTY, load_default=0)


class WalkInBody(Schema):
    """People at the gate without a booking."""

    site_id = Id(required=True)
    slot_id = Id(required=True)
    party = fields.Nested(WalkInPartyBody, required=True)
    wheelchairs = Whole(least=0, most=MAX_PARTY, load_default=0)
    nonce = nonce_field()


class DepartureBody(Schema):
    site_id = Id(required=True)
    seats = Whole(least=1, most=MAX_PARTY, required=True, metadata={"description": "How many leave."})
    nonce = nonce_field()


class DepartureView(Schema):
    """`seats` were counted: never more than were inside."""

    id = fields.String()
    seats = fields.Integer()
    inside = fields.Integer()


class OccupancyFilter(Schema):
    site_id = Id(required=True)


class SlotFiguresView(Schema):
    slot_id = fields.String()
    starts_at = Instant()
    ends_at = Instant()
    capacity = fields.Integer()
    booked = fields.Integer()
    arrived = fields.Integer()
    walk_ins = fields.Integer()
    no_shows = fields.Integer()
    missing = fields.Integer(
        metadata={"description": "Who can still come of parties of which somebody has; later, no-shows."}
    )


class OccupancyView(Schema):
    """A site's day so far, in heads; each total is the sum of the slots'."""

    site_id = fields.String()
    date = fields.Date(attribute="on")
    inside = fields.Integer(metadata={"description": "Let in less counted out; never negative."})
    entered = fields.Integer()
    departed = fields.Integer()
    booked = fields.Integer()
    arrived = fields.Integer()
    walk_ins = fields.Integer()
    no_shows = fields.Integer()
    slots = fields.List(fields.Nested(SlotFiguresView))


class NoShowCorrectionBody(Schema):
    """`admitted`: they came, all of them or so many; `cancelled`: the visit could not take place."""

    outcome = fields.String(
        required=True, validate=validate.OneOf([BookingStatus.ADMITTED.value, BookingStatus.CANCELLED.value])
    )
    seats = Whole(least=1, most=MAX_PARTY, load_default=None, allow_none=True)
    reason = Text(max_length=200, required=True)


class CorrectedView(Schema):
    id = fields.String()
    number = fields.String()
    status = fields.Enum(BookingStatus, by_value=True)
    seats = fields.Integer()
    admitted = fields.Integer()


class WaiveBody(Schema):
    reason = Text(max_length=200, required=True)


class MyStrikeView(Schema):
    """Points are strikes: a late cancellation may weigh half of one."""

    id = fields.String()
    booking_id = fields.String()
    booking_number = fields.String()
    kind = fields.String()
    points = fields.Float()
    struck_at = Instant()
    counts_until = Instant()
    waived_at = Instant(allow_none=True)


class StrikeView(MyStrikeView):
    """A strike as the site's staff see it."""

    waive_reason = fields.String(allow_none=True)


class StrikesView(Schema):
    items = fields.List(fields.Nested(StrikeView))
    next_cursor = fields.String(allow_none=True)


class StandingView(Schema):
    """What a member's missed and late-cancelled visits amount to; `points` are those that count now."""

    points = fields.Float()
    warned = fields.Boolean()
    barred_until = Instant(allow_none=True)
    strikes = fields.List(fields.Nested(MyStrikeView))
