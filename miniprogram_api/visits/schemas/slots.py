"""Wire formats of slots, of their making, and of the booking policy."""

from datetime import date, datetime, timedelta
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate, validates_schema

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.visits.models import Slot, SlotState
from miniprogram_api.visits.queries.slots import SlotListing
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules.policy import Bounds, RealName
from miniprogram_api.visits.rules.policy_words import in_words
from miniprogram_api.visits.rules.slots import Availability, Because, Explanation
from miniprogram_api.web import messages
from miniprogram_api.web.schemas import Instant, Schema, Text, Whole

_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
REASON_CODES = ("maintenance", "weather", "event", "holiday", "safety", "other")


def _day(**kwargs: Any) -> fields.Date:
    return fields.Date(validate=validate.Range(min=_FIRST_DAY, max=_LAST_DAY), **kwargs)


class SlotFilter(Schema):
    """`?from=&to=`, both included; by default from today to the end of the booking window."""

    first = _day(data_key="from", load_default=None)
    last = _day(data_key="to", load_default=None)


class ReasonView(Schema):
    code = fields.String(
        metadata={"description": "Stable code of the rule that keeps the slot from being booked."}
    )
    text = fields.String(metadata={"description": "The same for people, in Chinese."})


class SlotView(Schema):
    """A slot with what is left of it and, when it cannot be booked, why and until when."""

    id = fields.String()
    site_id = fields.String()
    starts_at = Instant()
    ends_at = Instant()
    capacity = fields.Integer()
    left = fields.Integer()
    children_left = fields.Integer(allow_none=True)
    wheelchairs_left = fields.Integer(allow_none=True)
    sign_language_left = fields.Integer(
        allow_none=True, metadata={"description": "Parties that can still be guided in sign language."}
    )
    state = fields.Enum(Availability, by_value=True)
    reason = fields.Nested(ReasonView, allow_none=True)
    opens_at = Instant(allow_none=True)
    provisional = fields.Boolean()
    waitlist = fields.Boolean()


class ClosedDayView(Schema):
    date = fields.Date()
    reason = fields.String(metadata={"description": "Code of the closure's reason."})
    text = fields.String(allow_none=True)


class SlotsView(Schema):
    """The slots of a span of days by time, and the days of it on which a closure leaves none."""

    items = fields.List(fields.Nested(SlotView))
    closed_days = fields.List(fields.Nested(ClosedDayView))
    next_cursor = fields.String(allow_none=True)


def slot_view(slot: SlotListing) -> dict[str, Any]:
    """A slot as JSON; written out because lists of hundreds are dumped for every change of a counter."""
    explanation = slot.explanation
    return {
        "id": str(slot.id),
        "site_id": str(slot.site_id),
        "starts_at": _instant(slot.starts_at),
        "ends_at": _instant(slot.ends_at),
        "capacity": slot.capacity,
        "left": slot.left,
        "children_left": slot.children_left,
        "wheelchairs_left": slot.wheelchairs_left,
        "sign_language_left": slot.sign_language_left,
        "state": explanation.state.value,
        "reason": reason_view(explanation, slot.closed_text),
        "opens_at": _instant(explanation.opens_at) if explanation.opens_at else None,
        "provisional": slot.provisional,
        "waitlist": False,
    }


def reason_view(explanation: Explanation, closed_text: str | None) -> dict[str, str] | None:
    """The reason's code and its Chinese text: the closure's own, or the rule's."""
    if explanation.reason is None:
        return None
    code = str(explanation.reason)
    if explanation.state is Availability.CLOSED and code != Because.SITE_PAUSED and closed_text:
        return {"code": code, "text": closed_text}
    known = code if code in list(Because) else Because.CLOSED.value
    params: dict[str, Any] = {}
    if explanation.opens_at is not None:
        known, params = "not_released_until", {"opens_at": _spoken(explanation.opens_at)}
    return {"code": code, "text": messages.text(f"visits.slot_because.{known}", params, english=False)}


def _instant(at: datetime) -> str:
    return at.astimezone(BEIJING).isoformat(timespec="seconds")


def _spoken(at: datetime) -> str:
    local = at.astimezone(BEIJING)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def slots_view(slots: list[SlotListing]) -> dict[str, Any]:
    """A list of slots as JSON: days that a closure closes whole are named, not listed."""
    closed = closed_days(slots)
    items = [slot_view(slot) for slot in slots if slot.visit_on not in closed]
    named = [
        {"date": on.isoformat(), "reason": slot.closed_reason, "text": slot.closed_text}
        for on, slot in sorted(closed.items())
    ]
    return {"items": items, "closed_days": named, "next_cursor": None}


def closed_days(slots: list[SlotListing]) -> dict[date, SlotListing]:
    """The days to come of which a closure holds every slot, each with the first of them."""
    by_day: dict[date, list[SlotListing]] = {}
    for slot in slots:
        by_day.setdefault(slot.visit_on, []).append(slot)
    return {on: day[0] for on, day in by_day.items() if all(slot.in_closure for slot in day)}


class SlotDeskView(Schema):
    """A slot as staff see it."""

    id = fields.String()
    site_id = fields.String()
    starts_at = Instant()
    ends_at = Instant()
    releases_at = Instant()
    books_until = Instant()
    capacity = fields.Integer()
    booked = fields.Integer()
    held = fields.Integer()
    child_capacity = fields.Integer(allow_none=True)
    children_booked = fields.Integer()
    wheelchair_capacity = fields.Integer(allow_none=True)
    wheelchairs_booked = fields.Integer()
    sign_language_capacity = fields.Integer(allow_none=True)
    sign_language_booked = fields.Integer()
    state = fields.Enum(SlotState, by_value=True)
    closed_reason = fields.String(allow_none=True)
    closed_text = fields.String(allow_none=True)
    closure_id = fields.String(allow_none=True)
    rule_id = fields.String(allow_none=True)
    edited = fields.Boolean()
    provisional = fields.Boolean()


class SlotPreviewView(SlotDeskView):
    """A slot that would be added; it has no id yet."""

    class Meta:
        exclude = ("id",)


_DESK_FIELDS = tuple(SlotDeskView().fields)


class SlotsDeskView(Schema):
    items = fields.List(fields.Nested(SlotDeskView))
    next_cursor = fields.String(allow_none=True)


class AddSlotBody(Schema):
    """A special slot beside those of the opening rules."""

    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    capacity = Whole(least=1, most=100_000, required=True)
    child_capacity = Whole(least=0, most=100_000, load_default=None, allow_none=True)
    wheelchair_capacity = Whole(least=0, most=100_000, load_default=None, allow_none=True)
    sign_language_capacity = Whole(least=0, most=100_000, load_default=None, allow_none=True)

    @validates_schema
    def _check_times(self, data: dict[str, Any], **_: Any) -> None:
        if not timedelta(minutes=5) <= data["ends_at"] - data["starts_at"] <= timedelta(days=1):
            raise ma.ValidationError("field.range", "ends_at")


class EditSlotBody(Schema):
    """What changes of a slot: its seats, or its state. Closing gives a reason and cancels the bookings."""

    capacity = Whole(least=0, most=100_000)
    child_capacity = Whole(least=0, most=100_000, allow_none=True)
    wheelchair_capacity = Whole(least=0, most=100_000, allow_none=True)
    sign_language_capacity = Whole(least=0, most=100_000, allow_none=True)
    state = fields.String(validate=validate.OneOf(["open", "closed"]))
    reason_code = fields.String(validate=validate.OneOf(REASON_CODES))
    public_text = Text(max_length=200)

    @validates_schema
    def _check_reason(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ma.ValidationError("field.required", "capacity")
        closing = data.get("state") == "closed"
        for name in ("reason_code", "public_text"):
            if closing and name not in data:
                raise ma.ValidationError("field.required", name)
            if not closing and name in data:
                raise ma.ValidationError("field.unknown", name)


class DryRun(Schema):
    """`?dry_run=true` answers what would happen and changes nothing."""

    dry_run = fields.Boolean(load_default=False)


class WantedSlotView(Schema):
    starts_at = Instant()
    ends_at = Instant()
    capacity = fields.Integer()
    closed = fields.Function(
        lambda slot: slot.closed is not None,
        metadata={"type": "boolean", "description": "Made closed, because a closure lies over it."},
    )
    provisional = fields.Boolean()


class TouchedSlotView(Schema):
    id = fields.String()
    starts_at = Instant()
    ends_at = Instant()
    taken = fields.Integer(metadata={"description": "Seats booked or held."})


class BookingHitView(Schema):
    id = fields.String()
    number = fields.String()
    slot_id = fields.String()
    starts_at = Instant()
    seats = fields.Integer()


class HitsView(Schema):
    """Bookings that a change hits; the first 500 are named."""

    slots = fields.Integer()
    seats = fields.Integer()
    bookings_total = fields.Integer()
    bookings = fields.List(fields.Nested(BookingHitView))


class PatchedSlotView(SlotDeskView):
    """The slot after the change (before it, in a dry run) and the bookings that closing it cancels."""

    called_off = fields.Nested(HitsView)


class ReportView(Schema):
    """What making slots does: made, removed, altered, closed, and slots kept although they no longer fit."""

    first_on = fields.Date(attribute="first")
    last_on = fields.Date(attribute="last")
    made = fields.List(fields.Nested(WantedSlotView))
    removed = fields.List(fields.Nested(TouchedSlotView))
    altered = fields.List(fields.Nested(TouchedSlotView))
    closed = fields.List(fields.Nested(TouchedSlotView))
    hit = fields.List(fields.Nested(TouchedSlotView))
    bookings_hit = fields.Integer()
    hit_bookings = fields.Nested(
        HitsView,
        attribute="keeping",
        metadata={"description": "The bookings of the slots under `hit`, which stay as they are."},
    )
    called_off = fields.Nested(HitsView, metadata={"description": "Bookings that are cancelled as the site."})
    kept = fields.Integer()
    provisional_days = fields.List(fields.Date(), attribute="provisional")


def _number_field(name: str) -> fields.Field[Any]:
    bounds: Bounds | None = policy_rules.FIELDS[name].metadata.get("bounds")
    if bounds is not None:
        return Whole(least=bounds.least, most=bounds.most, allow_none=bounds.optional)
    if name == "real_name":
        return fields.String(validate=validate.OneOf([mode.value for mode in RealName]))
    return fields.Boolean(truthy={True}, falsy={False})


# One field for each number of the policy, so that the API's document cannot lag behind the rules.
PolicyNumbers: type[ma.Schema] = Schema.from_dict(
    {name: _number_field(name) for name in policy_rules.FIELDS}, name="PolicyNumbers"
)


class PolicyView(Schema):
    """A version of the policy, as numbers and as the sentences a visitor reads."""

    version = fields.Integer()
    effective_on = fields.Date()
    numbers = fields.Nested(PolicyNumbers)
    words = fields.List(fields.String())


class PolicyHistoryView(PolicyView):
    """The version in force today, and every version."""

    history = fields.List(fields.Nested(PolicyView))


class ChangePolicyBody(Schema):
    """PUT states the whole policy, the default's where nothing is said; PATCH changes what it names."""

    effective_on = _day(load_default=None)
    numbers = fields.Nested(PolicyNumbers, required=True)


class PolicyOutlookView(PolicyView):
    """A new version, and how many slots to come it rules."""

    slots = fields.Integer()
    slots_taken = fields.Integer(metadata={"description": "Those of them with seats taken."})


def policy_view(*, version: int, effective_on: date, policy: policy_rules.Policy) -> dict[str, Any]:
    """What PolicyView shows: the numbers of a version, and the sentences made of them."""
    numbers = policy_rules.to_numbers(policy)
    return {"version": version, "effective_on": effective_on, "numbers": numbers, "words": in_words(policy)}


def desk_values(slot: Slot) -> dict[str, Any]:
    """What SlotDeskView shows, taken from the row while its session is open."""
    return {name: getattr(slot, name) for name in _DESK_FIELDS}
