"""Withdrawals on the wire, for a site's staff."""

from typing import Any

from marshmallow import fields

from miniprogram_api.registry.models import WithdrawalState
from miniprogram_api.registry.queries.withdrawals import Progress
from miniprogram_api.registry.service.withdrawal_calls import Call
from miniprogram_api.web.schemas import Instant, Paging, Schema, Text

_CASE = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b50",
    "version": 7,
    "state": "completed",
    "effective_at": "2026-11-23T10:00:00+08:00",
    "reason_code": "title_revoked",
    "doc_no": "长环〔2026〕8号",
    "slots_closed": 42,
    "bookings_cancelled": 120,
    "bookings_left": 0,
    "people_notified": 112,
    "unreachable": 6,
    "people_to_call": 18,
    "people_called": 3,
    "opened_at": "2026-11-23T10:00:02+08:00",
    "completed_at": "2026-11-23T10:00:05+08:00",
}
WITHDRAWAL = {"case": _CASE}
TICKED = {"id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b51", "called_at": "2026-11-23T10:20:00+08:00"}
CALLS = {
    "items": [
        {
            "id": TICKED["id"],
            "number": "B7K3M9QX",
            "starts_at": "2026-11-24T09:00:00+08:00",
            "seats": 3,
            "has_inbox": False,
            "name": "王小明",
            "phone": "13900000000",
            "called_at": None,
        }
    ],
    "next_cursor": None,
}


class CaseView(Schema):
    """A withdrawal and how far it has been carried out; counts of bookings and of people."""

    id = fields.String()
    version = fields.Integer()
    state = fields.Enum(WithdrawalState, by_value=True)
    effective_at = Instant(metadata={"description": "Visits that begin before it are honoured."})
    reason_code = fields.String(allow_none=True)
    doc_no = fields.String(allow_none=True)
    slots_closed = fields.Integer()
    bookings_cancelled = fields.Integer()
    bookings_left = fields.Integer()
    people_notified = fields.Integer(metadata={"description": "Members with a message in their inbox."})
    unreachable = fields.Integer(metadata={"description": "Bookings of people who have no inbox."})
    people_to_call = fields.Integer()
    people_called = fields.Integer()
    opened_at = Instant()
    completed_at = Instant(allow_none=True)


class WithdrawalView(Schema):
    """The last withdrawal of a site; null where there was none."""

    case = fields.Nested(CaseView, allow_none=True)


class CallsQuery(Paging):
    """Personal data is shown: why is recorded with each person."""

    reason = Text(required=True, max_length=200, metadata={"example": "通知参观取消"})


class CallView(Schema):
    """Somebody to call; `id` is their booking."""

    id = fields.String()
    number = fields.String()
    starts_at = Instant()
    seats = fields.Integer()
    has_inbox = fields.Boolean()
    name = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    called_at = Instant(allow_none=True)


class CallsView(Schema):
    items = fields.List(fields.Nested(CallView))
    next_cursor = fields.String(allow_none=True)


class TickedView(Schema):
    id = fields.String()
    called_at = Instant()


def case_values(progress: Progress) -> dict[str, Any]:
    """A case as CaseView shows it."""
    case = progress.case
    own = (name for name in CaseView._declared_fields if hasattr(case, name))
    return {name: getattr(case, name) for name in own} | {
        "bookings_left": progress.bookings_left,
        "people_to_call": progress.people_to_call,
        "people_called": progress.people_called,
    }


def call_values(call: Call) -> dict[str, Any]:
    """Somebody to call as CallView shows them."""
    person = call.person
    return {
        "id": person.booking_id,
        "number": person.number,
        "starts_at": person.starts_at,
        "seats": person.seats,
        "has_inbox": person.has_inbox,
        "name": person.name,
        "phone": person.phone,
        "called_at": call.called_at,
    }
