"""Wire formats of bookings, holds and tickets: what may be sent, and what is shown, masked."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import marshmallow as ma
from marshmallow import fields, post_load, validate, validates_schema

from miniprogram_api.visits.models import BookingStatus, Channel
from miniprogram_api.visits.queries.bookings import Period
from miniprogram_api.visits.queries.desk import DeskFilter
from miniprogram_api.visits.rules.cancelling import Leaving
from miniprogram_api.visits.rules.party import Contact, IdType, Party, Person, normalise_id, normalise_phone
from miniprogram_api.web.schemas import Id, Instant, Paging, Schema, Text, Whole

_MOST_PEOPLE = 1000
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)


class Wheelchairs(fields.Field[int]):
    """How many of the party come in a wheelchair: a number, or true for one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool):
            return int(value)
        if not isinstance(value, int):
            raise ma.ValidationError("field.type")
        if not 0 <= value <= _MOST_PEOPLE:
            raise ma.ValidationError("field.range")
        return value


class PartyBody(Schema):
    adults = Whole(least=0, most=_MOST_PEOPLE, required=True)
    children = Whole(least=0, most=_MOST_PEOPLE, load_default=0)

    @validates_schema
    def _somebody_comes(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["adults"] + data["children"] == 0:
            raise ma.ValidationError("visits.party_empty")


class ContactBody(Schema):
    name = Text(max_length=40, required=True)
    phone = fields.String(required=True, validate=validate.Length(max=30))

    @post_load
    def _contact(self, data: dict[str, Any], **_: Any) -> Contact:
        phone = normalise_phone(data["phone"])
        if phone is None:
            raise ma.ValidationError({"phone": ["visits.phone_invalid"]})
        return Contact(data["name"], phone)


class VisitorBody(Schema):
    """A named visitor. Children under 14 are counted in the party and not named."""

    name = Text(max_length=40, required=True)
    id_type = fields.Enum(IdType, by_value=True, load_default=IdType.ID_CARD)
    id_number = fields.String(required=True, validate=validate.Length(max=40))

    @post_load
    def _person(self, data: dict[str, Any], **_: Any) -> Person:
        number = normalise_id(data["id_type"], data["id_number"])
        if number is None:
            raise ma.ValidationError({"id_number": ["visits.id_number_invalid"]})
        return Person(data["name"], data["id_type"], number)


class NeedsBody(Schema):
    wheelchair = Wheelchairs(
        load_default=0, metadata={"oneOf": [{"type": "boolean"}, {"type": "integer", "minimum": 0}]}
    )
    sign_language = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Whether the party wants to be guided in sign language."},
    )


class BookVisitBody(Schema):
    """A visit to book. Contact and visitors are needed as far as the site's policy asks for names."""

    slot_id = Id(required=True)
    hold_id = Id(load_default=None, allow_none=True)
    party = fields.Nested(PartyBody, required=True)
    contact = fields.Nested(ContactBody, load_default=None, allow_none=True)
    visitors = fields.List(
        fields.Nested(VisitorBody), load_default=list, validate=validate.Length(max=_MOST_PEOPLE)
    )
    needs = fields.Nested(NeedsBody, load_default=None, allow_none=True)

    @validates_schema
    def _check_people(self, data: Mapping[str, Any], **_: Any) -> None:
        if _wheelchairs(data) > data["party"]["adults"] + data["party"]["children"]:
            raise ma.ValidationError({"needs": {"wheelchair": ["field.range"]}})
        seen: set[str] = set()
        for number, person in enumerate(data["visitors"]):
            if person.key in seen:
                raise ma.ValidationError({"visitors": {number: {"id_number": ["visits.person_repeated"]}}})
            seen.add(person.key)

    @post_load
    def _wish(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        party = data.pop("party")
        signing = int((data["needs"] or {}).get("sign_language", False))
        data["party"] = Party(party["adults"], party["children"], _wheelchairs(data), signing)
        data["persons"] = data.pop("visitors")
        del data["needs"]
        return data


def _wheelchairs(data: Mapping[str, Any]) -> int:
    needs = data["needs"]
    return needs["wheelchair"] if needs else 0


class OverrideBody(Schema):
    """Going against a rule, for a reason that is recorded; capacity and closures always hold."""

    reason = Text(max_length=200, required=True)


class DeskBookVisitBody(BookVisitBody):
    """A visit that staff book for a caller, whose contact is needed, or at the window."""

    class Meta:
        exclude = ("hold_id",)

    channel = fields.Enum(
        Channel,
        by_value=True,
        required=True,
        validate=validate.OneOf([Channel.PHONE, Channel.WINDOW], error="Must be one of phone, window"),
    )
    override = fields.Nested(OverrideBody, load_default=None, allow_none=True)

    @validates_schema
    def _check_caller(self, data: Mapping[str, Any], **_: Any) -> None:
        # Nobody could call them back, and nobody could tell one caller from another.
        if data["channel"] is Channel.PHONE and data["contact"] is None:
            raise ma.ValidationError("field.required", "contact")


class CancelBody(Schema):
    """Nothing cancels the whole booking; `seats`, or adults and children, cancel part of the party."""

    seats = Whole(least=1, most=_MOST_PEOPLE, allow_none=True, load_default=None)
    adults = Whole(least=0, most=_MOST_PEOPLE, load_default=0)
    children = Whole(least=0, most=_MOST_PEOPLE, load_default=0)
    visitor_ids = fields.List(Id(), load_default=list, validate=validate.Length(max=_MOST_PEOPLE))
    reason = Text(max_length=200, allow_none=True, load_default=None)

    @validates_schema
    def _one_way_to_say_it(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["seats"] is not None and (data["adults"] or data["children"]):
            raise ma.ValidationError({"seats": ["field.invalid"]})

    @post_load
    def _leaving(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        partly = data["seats"] is not None or data["adults"] or data["children"]
        leaving = Leaving(data["seats"], data["adults"], data["children"], tuple(data["visitor_ids"]))
        return {"leaving": leaving if partly else None, "reason": data["reason"]}


class DeskCancelBody(CancelBody):
    """Staff say why."""

    reason = Text(max_length=200, required=True)


class RescheduleBody(Schema):
    slot_id = Id(required=True)


class PlaceHoldBody(Schema):
    slot_id = Id(required=True)
    seats = Whole(least=1, most=_MOST_PEOPLE, required=True)


class BookingFilter(Paging):
    """`?state=upcoming|past`; without it all bookings, the latest visit first."""

    period = fields.Enum(Period, by_value=True, data_key="state", load_default=None)


class DeskBookingFilter(Paging):
    """What staff look for; `q`: a number or short code, a contact's name, a phone or its last four digits."""

    visit_on = fields.Date(
        data_key="date", load_default=None, validate=validate.Range(min=_FIRST_DAY, max=_LAST_DAY)
    )
    status = fields.Enum(BookingStatus, by_value=True, load_default=None)
    slot_id = Id(load_default=None)
    words = fields.String(data_key="q", load_default=None, validate=validate.Length(max=40))

    @post_load
    def _wanted(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        page = {"limit": data.pop("limit"), "cursor": data.pop("cursor")}
        return {"wanted": DeskFilter(**data), **page}


class HoldView(Schema):
    id = fields.String()
    slot_id = fields.String()
    seats = fields.Integer()
    expires_at = Instant()
    extended = fields.Boolean()


class TicketView(Schema):
    """`code` is what the QR code holds; the short code is for paper."""

    code = fields.String()
    short_code = fields.String()
    seats = fields.Integer()
    valid_from = Instant()
    valid_until = Instant()


class SlotInBookingView(Schema):
    id = fields.String()
    starts_at = Instant()
    ends_at = Instant()


class SiteInBookingView(Schema):
    id = fields.String()
    code = fields.String()
    name = fields.String()
    address = fields.String()


class BookedPartyView(Schema):
    adults = fields.Integer()
    children = fields.Integer()


class NeedsView(Schema):
    wheelchair = fields.Integer(attribute="wheelchairs")
    sign_language = fields.Function(lambda party: party.sign_language > 0, metadata={"type": "boolean"})


class VisitorView(Schema):
    """A named visitor; the document's number is never shown whole, and not at all once it is erased."""

    id = fields.String()
    name_masked = fields.String(allow_none=True)
    id_type = fields.String()
    id_number_masked = fields.String(allow_none=True)


class ContactView(Schema):
    name_masked = fields.String()
    phone_masked = fields.String()


class BookingView(Schema):
    """A booking; `ticket` is null once it has been cancelled."""

    id = fields.String()
    number = fields.String()
    status = fields.Enum(BookingStatus, by_value=True)
    channel = fields.Enum(Channel, by_value=True)
    site = fields.Nested(SiteInBookingView)
    slot = fields.Nested(SlotInBookingView)
    visit_on = fields.Date()
    seats = fields.Integer()
    party = fields.Nested(BookedPartyView)
    needs = fields.Nested(NeedsView)
    admitted = fields.Integer()
    contact = fields.Nested(ContactView, allow_none=True)
    visitors = fields.List(fields.Nested(VisitorView))
    cancel_free_until = Instant()
    cancel_until = Instant()
    created_at = Instant()
    cancelled_at = Instant(allow_none=True)
    cancelled_by = fields.String(allow_none=True)
    cancel_reason = fields.String(allow_none=True)
    ticket = fields.Nested(TicketView, allow_none=True)


class BookingsView(Schema):
    items = fields.List(fields.Nested(BookingView))
    next_cursor = fields.String(allow_none=True)


class PhoneCalendarView(Schema):
    """The arguments of wx.addPhoneCalendar."""

    title = fields.String()
    startTime = fields.Integer()  # noqa: N815  the platform's name
    endTime = fields.String()  # noqa: N815  the platform's name
    location = fields.String()
    description = fields.String()
    alarm = fields.Boolean()
    alarmOffset = fields.Integer()  # noqa: N815  the platform's name


class FeedView(Schema):
    """The secret address, shown this once; opening another one ends it."""

    url = fields.String()


# One instance: making a schema costs more than using it.
_BOOKING = BookingView()


def show_booking(booking: Any) -> dict[str, Any]:
    """A booking as the API answers it."""
    shown: dict[str, Any] = _BOOKING.dump(booking)
    return shown
