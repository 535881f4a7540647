"""The wire format of daily statistics: the same columns in JSON and in CSV."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from marshmallow import fields, validate

from miniprogram_api.engagement.queries import CityDay, DailyRow
from miniprogram_api.engagement.rules import FIELDS
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.open_data.rules.tables import Cell, csv_document
from miniprogram_api.web.schemas import Instant, Schema

PATH = "/open/v1/statistics/daily"
CSV, JSON = "text/csv; charset=utf-8", "application/json"
MOST_ROWS = 10_000

_COUNTED: dict[str, Any] = {
    "bookings": 42,
    "cancellations": 6,
    "no_shows": 5,
    "visitors": 88,
    "school_groups": None,
    "group_visitors": None,
    "minors_under14": None,
    "minors_14_17": None,
    "green_checkins": None,
    "avoided_co2_g": None,
    "factor_set": None,
    "content_published": None,
    "content_views": None,
    "ratings_n": 0,
    "rating_sum": 0,
}
ROW = {
    "on": "2026-11-20",
    "project_id": "CC-2025-0001",
    **_COUNTED,
    "cancellations": None,
    "no_shows": None,
    "suppressed": True,
    "hidden": ["cancellations", "no_shows"],
    "revision": 1,
    "final": True,
    "generated_at": "2026-11-21T03:10:00+08:00",
}
CITY_ROW = {
    "on": "2026-11-20",
    "projects": 2,
    **{name: value for name, value in _COUNTED.items() if name != "factor_set"},
    "left_out": {"cancellations": 1, "no_shows": 1},
}
STATISTICS = {
    "from": "2026-11-01",
    "to": "2026-11-30",
    "items": [ROW],
    "city": [CITY_ROW],
    "next_cursor": None,
}
_HEADER = (
    "on",
    "scope",
    "project_id",
    "projects",
    *FIELDS,
    "suppressed",
    "hidden",
    "revision",
    "final",
    "generated_at",
)


class StatisticsQuery(Schema):
    """Which days; a month up to today unless said otherwise."""

    first = fields.Date(data_key="from", load_default=None, metadata={"example": "2026-11-01"})
    last = fields.Date(data_key="to", load_default=None, metadata={"example": "2026-11-30"})
    limit = fields.Integer(load_default=MOST_ROWS, validate=validate.Range(min=1, max=MOST_ROWS))
    cursor = fields.String(load_default=None, validate=validate.Length(max=500))


class _FiguresView(Schema):
    """Null is a figure of one to four people, one that would tell such a one, or one that nobody knows."""

    on = fields.Date(required=True)
    bookings = fields.Integer(required=True, allow_none=True)
    cancellations = fields.Integer(required=True, allow_none=True)
    no_shows = fields.Integer(required=True, allow_none=True)
    visitors = fields.Integer(required=True, allow_none=True)
    school_groups = fields.Integer(required=True, allow_none=True)
    group_visitors = fields.Integer(required=True, allow_none=True)
    minors_under14 = fields.Integer(required=True, allow_none=True)
    minors_14_17 = fields.Integer(required=True, allow_none=True)
    green_checkins = fields.Integer(required=True, allow_none=True)
    avoided_co2_g = fields.Integer(required=True, allow_none=True, metadata={"description": "Grams."})
    content_published = fields.Integer(required=True, allow_none=True)
    content_views = fields.Integer(required=True, allow_none=True)
    ratings_n = fields.Integer(required=True, allow_none=True)
    rating_sum = fields.Integer(required=True, allow_none=True)


class DayView(_FiguresView):
    """A project's day; `hidden` names the figures that are withheld."""

    project_id = fields.String(required=True)
    factor_set = fields.String(required=True, allow_none=True)
    suppressed = fields.Boolean(required=True)
    hidden = fields.List(fields.String(), required=True)
    revision = fields.Integer(required=True)
    final = fields.Boolean(required=True)
    generated_at = Instant(required=True)


class CityDayView(_FiguresView):
    """A day of the city: sums of what is shown; `left_out` counts the figures that a sum goes without."""

    projects = fields.Integer(required=True)
    left_out = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class StatisticsView(Schema):
    """Daily figures by project, and of the city on the first page."""

    first = fields.Date(required=True, data_key="from")
    last = fields.Date(required=True, data_key="to")
    items = fields.List(fields.Nested(DayView), required=True)
    city = fields.List(fields.Nested(CityDayView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def as_json(
    first: date, last: date, days: Sequence[DailyRow], city: Sequence[CityDay], next_cursor: str | None
) -> dict[str, Any]:
    """The page as JSON says it."""
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "items": [_day(day) for day in days],
        "city": [_city_day(day) for day in city],
        "next_cursor": next_cursor,
    }


def as_csv(days: Sequence[DailyRow], city: Sequence[CityDay]) -> bytes:
    """The same as a table; a row of the city has no project."""
    return csv_document(
        _HEADER, [*(_project_cells(day) for day in days), *(_city_cells(day) for day in city)]
    )


def _day(day: DailyRow) -> dict[str, Any]:
    return {
        "on": day.on.isoformat(),
        "project_id": day.project_id,
        **{name: day.values[name] for name in FIELDS},
        "suppressed": bool(day.hidden),
        "hidden": sorted(day.hidden),
        "revision": day.revision,
        "final": day.final,
        "generated_at": day.generated_at.astimezone(BEIJING).isoformat(timespec="seconds"),
    }


def _city_day(day: CityDay) -> dict[str, Any]:
    return {
        "on": day.on.isoformat(),
        "projects": day.sums.rows,
        **{name: day.sums.values.get(name) for name in FIELDS if name != "factor_set"},
        "left_out": dict(sorted(day.sums.left_out.items())),
    }


def _project_cells(day: DailyRow) -> list[Cell]:
    return _cells({**_day(day), "scope": "project", "hidden": " ".join(sorted(day.hidden))})


def _city_cells(day: CityDay) -> list[Cell]:
    left_out = " ".join(f"{name}:{number}" for name, number in sorted(day.sums.left_out.items()))
    told = {"scope": "city", "suppressed": bool(left_out), "hidden": left_out}
    return _cells(_city_day(day) | told)


def _cells(values: Mapping[str, Any]) -> list[Cell]:
    return [values.get(name) for name in _HEADER]
