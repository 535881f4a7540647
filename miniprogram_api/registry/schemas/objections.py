"""Objections on the wire: what a member sends, what they see of it, and what staff see."""

from typing import Any

import marshmallow as ma
from flask_smorest.fields import Upload
from marshmallow import fields, post_load, validate

from miniprogram_api.registry.models import HeldBecause, ObjectionState
from miniprogram_api.registry.rules.objections import MOST_FILES
from miniprogram_api.registry.service.objections import Statement
from miniprogram_api.visits.rules.party import normalise_phone
from miniprogram_api.web.schemas import Id, Instant, Paging, Schema, Text

FILE = {
    "id": "01a204aa-500c-778c-be6d-3bad739addf1",
    "media_type": "image/jpeg",
    "width": 1600,
    "height": 1067,
    "size_bytes": 231044,
}
FILE_OBJECTION = {
    "title": "排放数据与实际不符",
    "text": "公示材料称该园区已停用燃煤锅炉，但本月仍可见其运行，请核实。",
    "name": "王小明",
    "phone": "13800138000",
    "consent": True,
}
_COMMON = {
    "id": "01a204aa-500c-778c-be6d-3bad739addf2",
    "number": "YY20261123-7K3M9QXA",
    "project": {"id": "CC-2026-0031", "name": "双阳生态产业园（示例）"},
    "title": FILE_OBJECTION["title"],
    "text": FILE_OBJECTION["text"],
    "files": [FILE],
    "filed_at": "2026-11-23T10:00:00+08:00",
    "refusal_reason": None,
}
OBJECTION = {
    **_COMMON,
    "state": "delivered",
    "state_text": "已送达登记系统",
    "person": {"name": "王**", "phone": "138****8000"},
    "delivery": {"at": "2026-11-23T10:02:00+08:00", "registry_id": "OBJ-000127"},
    "answer": None,
    "steps": [
        {"state": "checking", "state_text": "内容审核中", "at": "2026-11-23T10:00:00+08:00"},
        {"state": "queued", "state_text": "待送达登记系统", "at": "2026-11-23T10:01:00+08:00"},
        {"state": "delivered", "state_text": "已送达登记系统", "at": "2026-11-23T10:02:00+08:00"},
    ],
}
FILED = {
    **{name: value for name, value in OBJECTION.items() if name not in {"title", "text"}},
    "state": "checking",
    "state_text": "内容审核中",
    "delivery": None,
    "steps": [{"state": "checking", "state_text": "内容审核中", "at": "2026-11-23T10:00:00+08:00"}],
}
OBJECTIONS = {"items": [OBJECTION], "next_cursor": None}
STAFF_OBJECTION = {
    **_COMMON,
    "state": "held",
    "state_text": "待人工审核",
    "held_because": "review",
    "delivery": None,
    "answer": None,
    "last_error": None,
    "steps": [{"state": "held", "state_text": "待人工审核", "at": "2026-11-23T10:01:00+08:00"}],
}
STAFF_OBJECTIONS = {"items": [STAFF_OBJECTION], "next_cursor": None}
REFUSE = {"reason": "内容含有与公示无关的人身攻击"}

STATE_TEXTS = {
    ObjectionState.CHECKING: "内容审核中",
    ObjectionState.HELD: "待人工审核",
    ObjectionState.REFUSED: "未通过内容审核",
    ObjectionState.QUEUED: "待送达登记系统",
    ObjectionState.DELIVERED: "已送达登记系统",
    ObjectionState.RETURNED: "登记系统未接收，工作人员处理中",
    ObjectionState.ACCEPTED: "异议成立",
    ObjectionState.REJECTED: "异议不成立",
    ObjectionState.ANSWERED: "已答复",
    ObjectionState.DROPPED: "已停止办理",
}


class FileObjectionBody(Schema):
    """An objection. `consent_version` names the text that was shown; without it the one in force is meant."""

    title = Text(max_length=60, load_default=None, allow_none=True)
    text = Text(min_length=10, max_length=2000, required=True)
    name = Text(max_length=40, required=True)
    phone = fields.String(required=True, validate=validate.Length(max=30))
    file_ids = fields.List(Id(), load_default=list, validate=validate.Length(max=MOST_FILES))
    consent = fields.Boolean(
        required=True,
        truthy={True},
        falsy={False},
        validate=validate.Equal(True, error="registry.consent_needed"),
    )
    consent_version = fields.String(load_default=None, validate=validate.Length(max=20))

    @post_load
    def _statement(self, data: dict[str, Any], **_: Any) -> Statement:
        phone = normalise_phone(data["phone"])
        if phone is None:
            raise ma.ValidationError({"phone": ["visits.phone_invalid"]})
        del data["consent"]
        return Statement(**data | {"phone": phone})


class PictureFile(Schema):
    """A picture: JPEG, PNG or WebP, at most 10 MB."""

    file = Upload(required=True)


class CheckLink(Schema):
    """What makes the address of a picture valid."""

    until = fields.Integer(required=True, validate=validate.Range(min=0, max=10**11))
    key = fields.String(required=True, validate=validate.Length(max=64))


class ObjectionFilter(Paging):
    state = fields.Enum(ObjectionState, by_value=True, load_default=None)
    project_id = fields.String(load_default=None, validate=validate.Length(max=40))


class RefuseBody(Schema):
    """Why it is not passed on; its member reads this."""

    reason = Text(max_length=200, required=True)


class FileView(Schema):
    id = fields.String(required=True)
    media_type = fields.String(required=True)
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)
    size_bytes = fields.Integer(required=True)


class ProjectView(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)


class PersonView(Schema):
    name = fields.String(required=True)
    phone = fields.String(required=True)


class DeliveryView(Schema):
    at = Instant(required=True)
    registry_id = fields.String(required=True, allow_none=True)


class AnswerView(Schema):
    text = fields.String(required=True, allow_none=True)
    at = Instant(required=True)


class _Stated(Schema):
    state = fields.Enum(ObjectionState, by_value=True, required=True)
    state_text = fields.Function(
        lambda found: STATE_TEXTS[found.state], required=True, metadata={"type": "string"}
    )


class StepView(_Stated):
    at = Instant(required=True)


class _ObjectionView(_Stated):
    id = fields.String(required=True)
    number = fields.String(required=True)
    project = fields.Nested(ProjectView, required=True)
    title = fields.String(required=True, allow_none=True)
    text = fields.String(required=True, allow_none=True)
    files = fields.List(fields.Nested(FileView), required=True)
    filed_at = Instant(required=True)
    refusal_reason = fields.String(required=True, allow_none=True)
    delivery = fields.Nested(DeliveryView, required=True, allow_none=True)
    answer = fields.Nested(AnswerView, required=True, allow_none=True)
    steps = fields.List(fields.Nested(StepView), required=True)


class ObjectionView(_ObjectionView):
    """One's own objection; name and phone are masked even so."""

    person = fields.Nested(PersonView, required=True, allow_none=True)


class FiledObjectionView(ObjectionView):
    """The answer to filing one: it is kept for repeats, and so leaves out what was written."""

    class Meta:
        exclude = ("title", "text")


class StaffObjectionView(_ObjectionView):
    """An objection as staff see it: not by whom. `held_because` says why a person has to decide."""

    held_because = fields.Enum(HeldBecause, by_value=True, required=True, allow_none=True)
    last_error = fields.String(required=True, allow_none=True)


class ObjectionsView(Schema):
    items = fields.List(fields.Nested(ObjectionView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class StaffObjectionsView(Schema):
    items = fields.List(fields.Nested(StaffObjectionView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
