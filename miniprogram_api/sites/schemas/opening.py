"""The wire format of opening rules, closures and special openings, and of the preview of a change."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from miniprogram_api.sites.models import ClosureKind, ReasonCode
from miniprogram_api.sites.rules import Season
from miniprogram_api.sites.schemas.fields import Day, SeasonDay, TimeOfDay
from miniprogram_api.web.schemas import Instant, Schema, Text, Whole

_MOST_PEOPLE = 100_000

RULE_BODY = {
    "weekdays": [3, 4, 5, 6, 7],
    "season": None,
    "valid_from": None,
    "valid_to": None,
    "opens": "09:00",
    "closes": "16:00",
    "slot_minutes": 60,
    "capacity": 20,
    "child_capacity": None,
    "wheelchair_capacity": 2,
    "sign_language_capacity": None,
    "day_capacity": None,
    "priority": 0,
}
RULE = {"id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3a", **RULE_BODY}
CLOSURE_BODY = {
    "kind": "closed",
    "first_on": "2026-12-07",
    "last_on": "2026-12-08",
    "from": None,
    "to": None,
    "slot_minutes": None,
    "capacity": None,
    "reason_code": "maintenance",
    "public_text": "展厅设备检修",
    "amnesty": True,
}
CLOSURE = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3b",
    **CLOSURE_BODY,
    "words": "2026 年 12 月 7 日至 2026 年 12 月 8 日暂停开放：展厅设备检修。",
    "created_at": "2026-11-23T10:00:00+08:00",
}
PREVIEW = {
    "words": ["周三至周日 09:00—16:00 开放，每场 1 小时，可预约 20 人。"],
    "days": [
        {
            "on": "2026-11-25",
            "before": {"sessions": [], "closed": {"reason_code": "not_open", "text": "当日不开放。"}},
            "after": {
                "sessions": [{"starts": "09:00", "ends": "10:00", "capacity": 20}],
                "closed": None,
            },
        }
    ],
    "consequences": {},
}


class DryRun(Schema):
    """`?dry_run=true`: say what would happen, and change nothing."""

    dry_run = fields.Boolean(load_default=False)


class SeasonBody(Schema):
    """A part of every year, both days included; it may run over new year."""

    first = SeasonDay(data_key="from", required=True, metadata={"example": "04-01"})
    last = SeasonDay(data_key="to", required=True, metadata={"example": "10-31"})

    @ma.post_load
    def _season(self, data: dict[str, Any], **_: Any) -> Season:
        return Season(**data)


class Weekdays(fields.List[int]):
    """Weekdays from 1 (Monday) to 7 (Sunday), each once."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Whole(least=1, most=7), validate=validate.Length(min=1, max=7), **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[int] | None:
        return None if value is None else sorted(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return frozenset(super()._deserialize(value, attr, data, **kwargs))


class SeasonField(fields.Nested):
    """A season is given whole, also where the rule around it is given in part."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(SeasonBody, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, partial: object = None, **kwargs: Any
    ) -> Any:
        return super()._deserialize(value, attr, data, **kwargs)


class RuleBody(Schema):
    """Hours on some weekdays, cut into sessions."""

    weekdays = Weekdays(required=True)
    season = SeasonField(load_default=None, allow_none=True)
    valid_from = Day(load_default=None, allow_none=True)
    valid_to = Day(load_default=None, allow_none=True)
    opens_minute = TimeOfDay(data_key="opens", required=True)
    closes_minute = TimeOfDay(data_key="closes", required=True)
    slot_minutes = Whole(least=5, most=1440, required=True)
    capacity = Whole(least=1, most=_MOST_PEOPLE, required=True)
    child_capacity = Whole(least=0, most=_MOST_PEOPLE, load_default=None, allow_none=True)
    wheelchair_capacity = Whole(least=0, most=_MOST_PEOPLE, load_default=None, allow_none=True)
    sign_language_capacity = Whole(
        least=0,
        most=_MOST_PEOPLE,
        load_default=None,
        allow_none=True,
        metadata={"description": "Parties of a session that can be guided in sign language."},
    )
    day_capacity = Whole(least=1, most=_MOST_PEOPLE, load_default=None, allow_none=True)
    priority = Whole(least=0, most=100, load_default=0)


class EditRuleBody(RuleBody):
    """What changes of a rule; taken in part."""


class RuleView(RuleBody):
    """A rule in force."""

    id = fields.String(required=True)


class RuleListView(Schema):
    items = fields.List(fields.Nested(RuleView))
    next_cursor = fields.String(allow_none=True)


class Consequences(Schema):
    """Adds what followed for slots and bookings."""

    consequences = fields.Dict(keys=fields.String())


class SavedRuleView(RuleView, Consequences):
    """A rule as it now is."""


class ClosureBody(Schema):
    """Days, or hours of them, on which a site closes, or opens out of turn."""

    kind = fields.Enum(ClosureKind, by_value=True, load_default=ClosureKind.CLOSED)
    first_on = Day(required=True)
    last_on = Day(required=True)
    from_minute = TimeOfDay(data_key="from", load_default=None, allow_none=True)
    to_minute = TimeOfDay(data_key="to", load_default=None, allow_none=True)
    slot_minutes = Whole(least=5, most=1440, load_default=None, allow_none=True)
    capacity = Whole(least=1, most=_MOST_PEOPLE, load_default=None, allow_none=True)
    reason_code = fields.String(required=True, validate=validate.OneOf([code.value for code in ReasonCode]))
    public_text = Text(max_length=200, required=True)
    amnesty = fields.Boolean(load_default=True)


class ExplainClosureBody(Schema):
    """What can still be changed of a closure; other days or hours are another closure."""

    reason_code = fields.Enum(ReasonCode, by_value=True)
    public_text = Text(max_length=200)
    amnesty = fields.Boolean()


class ClosureView(Schema):
    """A closure or special opening that holds or is to come, and the sentence that tells of it."""

    id = fields.String(attribute="closure.id", required=True)
    kind = fields.Enum(ClosureKind, by_value=True, attribute="closure.kind")
    first_on = fields.Date(attribute="closure.first_on")
    last_on = fields.Date(attribute="closure.last_on")
    from_minute = TimeOfDay(data_key="from", attribute="closure.from_minute", allow_none=True)
    to_minute = TimeOfDay(data_key="to", attribute="closure.to_minute", allow_none=True)
    slot_minutes = fields.Integer(attribute="closure.slot_minutes", allow_none=True)
    capacity = fields.Integer(attribute="closure.capacity", allow_none=True)
    reason_code = fields.Enum(ReasonCode, by_value=True, attribute="closure.reason_code")
    public_text = fields.String(attribute="closure.public_text")
    amnesty = fields.Boolean(attribute="closure.amnesty")
    words = fields.String()
    created_at = Instant(attribute="closure.created_at")


class ClosureListView(Schema):
    items = fields.List(fields.Nested(ClosureView))
    next_cursor = fields.String(allow_none=True)


class SavedClosureView(ClosureView, Consequences):
    """A closure as it now is."""


class _SessionView(Schema):
    starts_minute = TimeOfDay(data_key="starts")
    ends_minute = TimeOfDay(data_key="ends")
    capacity = fields.Integer()


class _ClosedView(Schema):
    reason_code = fields.String()
    public_text = fields.String(data_key="text")


class _DayView(Schema):
    spans = fields.List(fields.Nested(_SessionView), data_key="sessions")
    closed = fields.Nested(_ClosedView, allow_none=True)
    provisional = fields.Boolean()


class _ChangedDayView(Schema):
    on = fields.Date()
    before = fields.Nested(_DayView)
    after = fields.Nested(_DayView)


class PreviewView(Consequences):
    """What a change would do."""

    words = fields.List(fields.String())
    days = fields.List(fields.Nested(_ChangedDayView))


class EditedRuleView(SavedRuleView, PreviewView):
    """A rule as it now is; for a dry run the preview instead, so nothing is required of it."""


class ExplainedClosureView(SavedClosureView):
    """A closure as it now is; for a dry run the days that differ instead, so nothing is required of it."""

    days = fields.List(fields.Nested(_ChangedDayView))


class RemovedView(PreviewView):
    """What followed from taking something away; a dry run tells the rest of the preview too."""
