"""The wire format of dead letters."""

from marshmallow import fields

from miniprogram_api.registry.models.dead_letters import DeadLetterClass, DeadLetterState
from miniprogram_api.web.schemas import Instant, Paging, Schema, Text

REASON = {"reason": "登记系统已更正，按原记录重新处理"}
LETTER = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b80",
    "kind": "schema_invalid",
    "detail": "/lifecycle: enum",
    "state": "open",
    "project_id": "CC-2025-0001",
    "version": 8,
    "payload_sha256": "9f" * 32,
    "payload_bytes": 1840,
    "attempts": 1,
    "first_seen_at": "2026-11-23T09:00:00+08:00",
    "last_seen_at": "2026-11-23T09:00:00+08:00",
    "next_attempt_at": None,
    "reason": None,
    "discard_asked_by": None,
    "decided_by": None,
    "decided_at": None,
}
FULL_LETTER = {**LETTER, "payload": '{"project_id": "CC-2025-0001"}'}
REPLAYED = {**LETTER, "state": "replayed", "outcome": "applied"}


class DeadLetterQuery(Paging):
    state = fields.Enum(DeadLetterState, by_value=True, load_default=None)


class DeadLetterView(Schema):
    """A record that could not be taken over; `detail` says where and why, never a value."""

    id = fields.String()
    kind = fields.Enum(DeadLetterClass, by_value=True)
    detail = fields.String()
    state = fields.Enum(DeadLetterState, by_value=True)
    project_id = fields.String(allow_none=True)
    version = fields.Integer(allow_none=True)
    payload_sha256 = fields.String()
    payload_bytes = fields.Integer()
    attempts = fields.Integer()
    first_seen_at = Instant()
    last_seen_at = Instant()
    next_attempt_at = Instant(allow_none=True)
    reason = fields.String(allow_none=True)
    discard_asked_by = fields.String(allow_none=True)
    decided_by = fields.String(allow_none=True)
    decided_at = Instant(allow_none=True)


class FullDeadLetterView(DeadLetterView):
    """With the record as it came, where it was not too large to keep."""

    payload = fields.String(allow_none=True)


class ReplayedView(DeadLetterView):
    """With what the replay came to."""

    outcome = fields.String()


class DeadLetterPage(Schema):
    items = fields.List(fields.Nested(DeadLetterView))
    next_cursor = fields.String(allow_none=True)


class DeadLetterReasonBody(Schema):
    reason = Text(max_length=500, required=True)
