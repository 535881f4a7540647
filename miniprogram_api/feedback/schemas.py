"""Feedback on the wire: what a member sends, and what they see of it."""

from typing import Any

from flask_smorest.fields import Upload
from marshmallow import fields, post_load, validate

from miniprogram_api.feedback.models import FeedbackKind, FeedbackState, SubjectType
from miniprogram_api.feedback.rules import MOST_CHARACTERS, MOST_PICTURES, PICTURES
from miniprogram_api.feedback.service.sending import Written
from miniprogram_api.web.schemas import Id, Instant, Schema, Text

_PICTURE_ID = "01a204aa-500c-778c-be6d-3bad739addf7"
UPLOADED = {"id": _PICTURE_ID, "media_type": "image/jpeg", "width": 1600, "height": 1067}
SEND = {
    "subject": {"type": "site", "id": "01a204aa-500c-778c-be6d-3bad739addf0"},
    "kind": "suggestion",
    "text": "二楼展厅的发电数据屏离得太远，老人看不清，建议在入口处也放一块。",
    "picture_ids": [],
}
PICTURE = {"id": _PICTURE_ID, "url": f"{PICTURES}/{_PICTURE_ID}", "width": 1600, "height": 1067}
FEEDBACK = {
    "id": "01a204aa-500c-778c-be6d-3bad739addf6",
    "number": "FK20261123-7K3M9QXA",
    "subject": {**SEND["subject"], "name": "南湖近零碳社区（示例）"},  # type: ignore[dict-item]
    "kind": "suggestion",
    "text": SEND["text"],
    "pictures": [PICTURE],
    "pictures_in_check": 0,
    "sent_at": "2026-11-23T10:00:00+08:00",
    "state": "answered",
    "state_text": "已回复",
    "reason": None,
    "answer": {
        "text": "谢谢您的建议，入口处的数据屏本周五装好。",
        "at": "2026-11-24T09:30:00+08:00",
        "corrected_at": None,
    },
    "steps": [
        {"state": "checking", "state_text": "已提交", "at": "2026-11-23T10:00:00+08:00"},
        {"state": "open", "state_text": "处理中", "at": "2026-11-23T10:00:01+08:00"},
        {"state": "answered", "state_text": "已回复", "at": "2026-11-24T09:30:00+08:00"},
    ],
}
SENT = {
    **{name: value for name, value in FEEDBACK.items() if name != "text"},
    "state": "checking",
    "state_text": "已提交",
    "pictures": [],
    "pictures_in_check": 1,
    "answer": None,
    "steps": [{"state": "checking", "state_text": "已提交", "at": "2026-11-23T10:00:00+08:00"}],
}
LIST = {"items": [FEEDBACK], "next_cursor": None}

STATE_TEXTS = {
    FeedbackState.CHECKING: "已提交",
    FeedbackState.HELD: "审核中",
    FeedbackState.OPEN: "处理中",
    FeedbackState.ANSWERED: "已回复",
    FeedbackState.CLOSED: "未采纳",
    FeedbackState.REFUSED: "未通过审核",
    FeedbackState.DROPPED: "已停止处理",
}


class FeedbackSubjectBody(Schema):
    """What it is about: an article or a site that is shown."""

    type = fields.Enum(SubjectType, by_value=True, required=True)
    id = Id(required=True)


class SendFeedbackBody(Schema):
    """What a member writes. `picture_ids` are of pictures uploaded within the last 24 hours."""

    subject = fields.Nested(FeedbackSubjectBody, required=True)
    kind = fields.Enum(FeedbackKind, by_value=True, load_default=None, allow_none=True)
    text = Text(max_length=MOST_CHARACTERS, required=True)
    picture_ids = fields.List(Id(), load_default=list, validate=validate.Length(max=MOST_PICTURES))

    @post_load
    def _written(self, data: dict[str, Any], **_: Any) -> Written:
        subject = data.pop("subject")
        return Written(subject_type=subject["type"], subject_id=subject["id"], **data)


class FeedbackPictureFile(Schema):
    """A picture: JPEG, PNG or WebP, at most 10 MB."""

    file = Upload(required=True)


class FeedbackPictureLink(Schema):
    """What makes the address of a picture valid."""

    until = fields.Integer(required=True, validate=validate.Range(min=0, max=10**11))
    key = fields.String(required=True, validate=validate.Length(max=64))


class FeedbackUploadView(Schema):
    """A picture that was uploaded; it is served once the content check has passed it."""

    id = fields.String(required=True)
    media_type = fields.String(required=True)
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)


class FeedbackSubjectView(Schema):
    type = fields.Enum(SubjectType, by_value=True, required=True)
    id = fields.String(required=True)
    name = fields.String(required=True)


class FeedbackPictureView(Schema):
    id = fields.String(required=True)
    url = fields.Function(
        lambda picture: f"{PICTURES}/{picture.id}", required=True, metadata={"type": "string"}
    )
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)


class FeedbackAnswerView(Schema):
    """What staff answered; `corrected_at` is when they last changed their words."""

    text = fields.String(required=True, allow_none=True)
    at = Instant(required=True)
    corrected_at = Instant(required=True, allow_none=True)


class _FeedbackStated(Schema):
    state = fields.Enum(FeedbackState, by_value=True, required=True)
    state_text = fields.Function(
        lambda found: STATE_TEXTS[found.state], required=True, metadata={"type": "string"}
    )


class FeedbackStepView(_FeedbackStated):
    at = Instant(required=True)


class FeedbackView(_FeedbackStated):
    """What one wrote, and what became of it.

    `pictures` are those that passed the content check; `pictures_in_check` is how many wait for it. `reason`
    says why it was refused, or ended without an answer.
    """

    id = fields.String(required=True)
    number = fields.String(required=True)
    subject = fields.Nested(FeedbackSubjectView, required=True)
    kind = fields.Enum(FeedbackKind, by_value=True, required=True, allow_none=True)
    text = fields.String(required=True, allow_none=True)
    pictures = fields.List(fields.Nested(FeedbackPictureView), required=True, attribute="visible")
    pictures_in_check = fields.Integer(required=True)
    sent_at = Instant(required=True)
    reason = fields.String(required=True, allow_none=True)
    answer = fields.Nested(FeedbackAnswerView, required=True, allow_none=True)
    steps = fields.List(fields.Nested(FeedbackStepView), required=True)


class SentFeedbackView(FeedbackView):
    """The answer to sending it: it is kept for repeats, and so leaves out what was written."""

    class Meta:
        exclude = ("text",)


class FeedbackListView(Schema):
    items = fields.List(fields.Nested(FeedbackView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
