"""The wire format of comparisons: what we hold, reports, and what the registry says to them."""

from marshmallow import fields, validate

from miniprogram_api.registry.models.reconciliation import Kind
from miniprogram_api.web.partners import PartnerPaging
from miniprogram_api.web.schemas import Id, Instant, Schema, Text

DIGEST = {"project_id": "CC-2025-0001", "version": 7, "digest": "9f" * 32}
REPORT = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b70",
    "night": "2026-11-23",
    "started_at": "2026-11-23T03:00:00+08:00",
    "finished_at": "2026-11-23T03:00:12+08:00",
    "as_of": "2026-11-23T03:00:00+08:00",
    "feed_epoch": "2026-01",
    "failure": None,
    "counts": {kind.value: 0 for kind in Kind} | {"match": 120, "behind": 1},
    "repaired": 1,
}
DIFFERENCE = {
    "kind": "behind",
    "project_id": "CC-2025-0001",
    "held_version": 6,
    "their_version": 7,
    "held_digest": "1c" * 32,
    "their_digest": "9f" * 32,
    "repaired": True,
    "outcome": "applied",
    "since": "2026-11-23T03:00:05+08:00",
}
ACK_BODY = {"report_id": REPORT["id"], "accepted": False, "comment": "CC-2025-0001 的版本应为 8"}
ACK = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b71",
    **ACK_BODY,
    "project_ids": ["CC-2025-0001"],
    "created_at": "2026-11-23T09:00:00+08:00",
}


class DigestQuery(PartnerPaging):
    view = fields.String(load_default="held", validate=validate.OneOf(["held"], error="field.choice"))


class DigestView(Schema):
    project_id = fields.String()
    version = fields.Integer()
    digest = fields.String()


class DigestPage(Schema):
    """Version and digest of each project that is held here."""

    items = fields.List(fields.Nested(DigestView))
    next_cursor = fields.String(allow_none=True)


class ComparisonView(Schema):
    """One comparison: how many projects were found in each class, and how many differences were mended."""

    id = fields.String()
    night = fields.Date(allow_none=True)
    started_at = Instant()
    finished_at = Instant(allow_none=True)
    as_of = Instant(allow_none=True)
    feed_epoch = fields.String(allow_none=True)
    failure = fields.String(allow_none=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    repaired = fields.Integer()


class ComparisonPage(Schema):
    items = fields.List(fields.Nested(ComparisonView))
    next_cursor = fields.String(allow_none=True)


class DifferenceView(Schema):
    kind = fields.Enum(Kind, by_value=True)
    project_id = fields.String()
    held_version = fields.Integer(allow_none=True)
    their_version = fields.Integer(allow_none=True)
    held_digest = fields.String(allow_none=True)
    their_digest = fields.String(allow_none=True)
    repaired = fields.Boolean()
    outcome = fields.String()
    since = Instant()


class FullComparisonView(ComparisonView):
    """A comparison with a page of its differences."""

    items = fields.List(fields.Nested(DifferenceView))
    next_cursor = fields.String(allow_none=True)


class AckBody(Schema):
    """Acceptance, or an objection that says in `comment` to what."""

    report_id = Id(required=True)
    accepted = fields.Boolean(required=True, truthy={True}, falsy={False})
    project_ids = fields.List(Text(max_length=40), load_default=list, validate=validate.Length(max=500))
    comment = Text(max_length=1000, load_default=None, allow_none=True)


class AckView(Schema):
    id = fields.String()
    report_id = fields.String()
    accepted = fields.Boolean()
    project_ids = fields.List(fields.String())
    comment = fields.String(allow_none=True)
    created_at = Instant()
