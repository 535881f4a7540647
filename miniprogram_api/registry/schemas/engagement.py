"""Engagement figures on the wire: `daily-row-1`, the feed of its revisions, totals, sites and content."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.engagement.queries import DailyRow, ProjectSummary, Revision, Sums
from miniprogram_api.engagement.rules import SUMMED
from miniprogram_api.sites.queries.exchange import SiteProfile
from miniprogram_api.web.partners import PartnerPaging
from miniprogram_api.web.schemas import Instant, Schema

_FIGURES: dict[str, Any] = {
    "bookings": 42,
    "cancellations": 6,
    "no_shows": 5,
    "visitors": 88,
    "school_groups": None,
    "group_visitors": None,
    "minors_band": {"under14": None, "14_17": None},
    "green_checkins": None,
    "avoided_co2_g": None,
    "content_published": 0,
    "content_views": 0,
    "ratings_n": 0,
    "rating_sum": 0,
}
_HIDDEN = ["cancellations", "no_shows"]
ROW = {
    "project_id": "CC-2025-0001",
    "on": "2026-11-20",
    **_FIGURES,
    "cancellations": None,
    "no_shows": None,
    "factor_set": None,
    "suppressed": True,
    "hidden": _HIDDEN,
    "revision": 1,
    "reason": "initial",
    "final": True,
    "generated_at": "2026-11-21T03:01:00+08:00",
}
DAILY = {"from": "2026-11-01", "to": "2026-11-30", "items": [ROW], "next_cursor": None}
CHANGE = {
    "seq": 7,
    "op": "upsert",
    "project_id": "CC-2025-0001",
    "on": "2026-11-20",
    "revision": 1,
    "reason": "initial",
    "occurred_at": "2026-11-21T03:01:00+08:00",
    "data": ROW,
}
CHANGES = {
    "items": [CHANGE],
    "next_cursor": "WyI1ZjIiLDdd",
    "has_more": False,
    "as_of": "2026-11-23T10:00:00+08:00",
}
SUMMARY = {
    "project_id": "CC-2025-0001",
    "first_on": "2026-11-01",
    "last_on": "2026-11-22",
    "final_until": "2026-11-20",
    "days": 22,
    "totals": _FIGURES,
    "left_out": {"cancellations": 2, "no_shows": 2},
    "generated_at": "2026-11-23T03:01:00+08:00",
}
SITE = {
    "project_id": "CC-2025-0001",
    "code": "jingyuetan",
    "opening_state": "open",
    "opening_reason": None,
    "opening_until": None,
    "booking_mode": "slots",
    "hours": ["每天 09:00—16:00 开放，每场 1 小时，可预约 20 人。"],
    "slot_capacity": 20,
    "day_capacity": None,
    "url": "/api/v1/sites/01a204aa-500c-778c-be6d-3bad739addfb",
    "updated_at": "2026-11-20T09:00:00+08:00",
}
SITES = {"items": [SITE], "next_cursor": None}
CONTENT: dict[str, Any] = {"items": [], "next_cursor": None}


class DailyQuery(PartnerPaging):
    """Which days, both included; a month up to the last closed day unless said otherwise."""

    first = fields.Date(data_key="from", load_default=None, metadata={"example": "2026-11-01"})
    last = fields.Date(data_key="to", load_default=None, metadata={"example": "2026-11-30"})
    project_id = fields.String(load_default=None, validate=validate.Length(min=1, max=40))


def _number() -> fields.Integer:
    return fields.Integer(required=True, allow_none=True)


MinorsBand = Schema.from_dict({"under14": _number(), "14_17": _number()}, name="MinorsBand")


class FiguresView(Schema):
    """Null is a figure of one to four people, one that would tell such a one, or one that nobody knows."""

    bookings = _number()
    cancellations = _number()
    no_shows = _number()
    visitors = _number()
    school_groups = _number()
    group_visitors = _number()
    minors_band = fields.Nested(MinorsBand, required=True)
    green_checkins = _number()
    avoided_co2_g = fields.Integer(required=True, allow_none=True, metadata={"description": "Grams."})
    content_published = _number()
    content_views = _number()
    ratings_n = _number()
    rating_sum = _number()


class DailyRowView(FiguresView):
    """A project's day; `hidden` names the figures that are withheld, `suppressed` says that there are any."""

    project_id = fields.String(required=True)
    on = fields.Date(required=True)
    factor_set = fields.String(required=True, allow_none=True)
    suppressed = fields.Boolean(required=True)
    hidden = fields.List(fields.String(), required=True)
    revision = fields.Integer(required=True)
    reason = fields.String(required=True)
    final = fields.Boolean(required=True)
    generated_at = Instant(required=True)


class DailyPage(Schema):
    """Days by date and project; a day is in it from the night after it."""

    first = fields.Date(required=True, data_key="from")
    last = fields.Date(required=True, data_key="to")
    items = fields.List(fields.Nested(DailyRowView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ChangeView(Schema):
    """A revision of a day. A tombstone has no data: drop the day."""

    seq = fields.Integer(required=True)
    op = fields.String(required=True, metadata={"enum": ["upsert", "tombstone"]})
    project_id = fields.String(required=True)
    on = fields.Date(required=True)
    revision = fields.Integer(required=True)
    reason = fields.String(required=True)
    occurred_at = Instant(required=True)
    data = fields.Nested(DailyRowView, required=True, allow_none=True)


class ChangePage(Schema):
    """Revisions in the order they were committed. An empty page keeps the cursor; ask again with it later."""

    items = fields.List(fields.Nested(ChangeView), required=True)
    next_cursor = fields.String(required=True)
    has_more = fields.Boolean(required=True)
    as_of = Instant(required=True)


class SummaryView(Schema):
    """Sums of the days that are listed; `left_out` counts the hidden figures that a sum goes without."""

    project_id = fields.String(required=True)
    first_on = fields.Date(required=True, allow_none=True)
    last_on = fields.Date(required=True, allow_none=True)
    final_until = fields.Date(required=True, allow_none=True)
    days = fields.Integer(required=True)
    totals = fields.Nested(FiguresView, required=True)
    left_out = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    generated_at = Instant(required=True, allow_none=True)


class SiteView(Schema):
    """What a site says of itself; `url` is its public page in our API."""

    project_id = fields.String(required=True)
    code = fields.String(required=True)
    opening_state = fields.String(required=True)
    opening_reason = fields.String(required=True, allow_none=True)
    opening_until = fields.Date(required=True, allow_none=True)
    booking_mode = fields.String(required=True)
    hours = fields.List(fields.String(), required=True)
    slot_capacity = fields.Integer(required=True, allow_none=True)
    day_capacity = fields.Integer(required=True, allow_none=True)
    url = fields.String(required=True)
    updated_at = Instant(required=True)


class SitePage(Schema):
    """Site profiles by project."""

    items = fields.List(fields.Nested(SiteView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ContentView(Schema):
    """A piece of content, told by where it is."""

    id = fields.String(required=True)
    project_ids = fields.List(fields.String(), required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    url = fields.String(required=True)
    sha256 = fields.String(required=True)
    published_at = Instant(required=True)
    withdrawn_at = Instant(required=True, allow_none=True)


class ContentPage(Schema):
    """What was published, and what of it was withdrawn."""

    items = fields.List(fields.Nested(ContentView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def daily_row(row: DailyRow) -> dict[str, Any]:
    """A day as it is told."""
    return {
        "project_id": row.project_id,
        "on": row.on,
        **_figures(row.values),
        "factor_set": row.values["factor_set"],
        "suppressed": bool(row.hidden),
        "hidden": sorted(row.hidden),
        "revision": row.revision,
        "reason": row.reason,
        "final": row.final,
        "generated_at": row.generated_at,
    }


def _figures(values: Any) -> dict[str, Any]:
    told = {name: values[name] for name in SUMMED}
    told["minors_band"] = {"under14": told.pop("minors_under14"), "14_17": told.pop("minors_14_17")}
    return told


def change(revision: Revision) -> dict[str, Any]:
    """A row of the feed as it is told."""
    return {
        "seq": revision.seq,
        "op": revision.operation,
        "project_id": revision.project_id,
        "on": revision.on,
        "revision": revision.revision,
        "reason": revision.reason,
        "occurred_at": revision.occurred_at,
        "data": None if revision.day is None else daily_row(revision.day),
    }


def summary(found: ProjectSummary) -> dict[str, Any]:
    """A project's totals as they are told."""
    sums: Sums = found.sums
    return {
        "project_id": found.project_id,
        "first_on": found.first_on,
        "last_on": found.last_on,
        "final_until": found.final_until,
        "days": sums.rows,
        "totals": _figures(sums.values),
        "left_out": dict(sorted(sums.left_out.items())),
        "generated_at": found.generated_at,
    }


def site(profile: SiteProfile) -> dict[str, Any]:
    """A site's profile as it is told."""
    return {
        "project_id": profile.project_id,
        "code": profile.code,
        "opening_state": profile.opening_state.value,
        "opening_reason": profile.opening_reason,
        "opening_until": profile.opening_until,
        "booking_mode": profile.booking_mode.value,
        "hours": profile.hours,
        "slot_capacity": profile.slot_capacity,
        "day_capacity": profile.day_capacity,
        "url": f"/api/v1/sites/{profile.id}",
        "updated_at": profile.updated_at,
    }
