"""The wire format of how the exchange stands."""

from marshmallow import fields

from miniprogram_api.registry.rules.pulling import Freshness
from miniprogram_api.web.schemas import Instant, Schema

STATUS = {
    "freshness": "fresh",
    "lag_s": 42,
    "as_of": "2026-11-23T09:59:18+08:00",
    "feed": {
        "feed_epoch": "2026-01",
        "cursor": "eyJzZXEiOjQyfQ",
        "last_ok_at": "2026-11-23T09:59:18+08:00",
        "failures": 0,
        "last_error": None,
        "next_attempt_at": "2026-11-23T10:00:20+08:00",
        "in_snapshot": False,
    },
    "projects": 120,
    "frozen_projects": 1,
    "dead_letters": 1,
    "withdrawals_running": 0,
    "corrections_open": 3,
    "sendings_waiting": 0,
    "sendings_failed": 0,
    "last_report_at": "2026-11-23T03:00:12+08:00",
}


class ExchangeFeedView(Schema):
    """Where we stand in the feed; with failures in a row the next attempt is put off."""

    feed_epoch = fields.String(allow_none=True)
    cursor = fields.String(allow_none=True)
    last_ok_at = Instant(allow_none=True)
    failures = fields.Integer()
    last_error = fields.String(allow_none=True)
    next_attempt_at = Instant()
    in_snapshot = fields.Function(lambda feed: feed.snapshot_id is not None, metadata={"type": "boolean"})


class ExchangeStatusView(Schema):
    """How old our copy of the registry is, where its feed stands, and what waits for somebody."""

    freshness = fields.Enum(Freshness, by_value=True, attribute="copy.freshness")
    lag_s = fields.Integer()
    as_of = Instant(attribute="copy.as_of", allow_none=True)
    feed = fields.Nested(ExchangeFeedView, allow_none=True)
    projects = fields.Integer()
    frozen_projects = fields.Integer()
    dead_letters = fields.Integer()
    withdrawals_running = fields.Integer()
    corrections_open = fields.Integer()
    sendings_waiting = fields.Integer()
    sendings_failed = fields.Integer()
    last_report_at = Instant(allow_none=True)
