"""Daily statistics, for everybody: what has left through the rules of suppression, as JSON and as a table."""

import json
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from miniprogram_api.engagement.queries import CityDay, DailyRow, city_daily, list_daily
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.paging import Page
from miniprogram_api.open_data.routes.sharing import FIGURES_KEPT_S, document, open_to_any_origin
from miniprogram_api.open_data.rules.days import range_of
from miniprogram_api.open_data.schemas import statistics as wire
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public
from miniprogram_api.web.limits import limited
from miniprogram_api.web.prepared import Document, prepared

blp = Routes("open-statistics", __name__, url_prefix="/open/v1", description="Daily statistics of visits")
open_to_any_origin(blp)


@blp.get("/statistics/daily.json")
@public
@limited("open_statistics", "30/minute", per="ip")
@blp.response(HTTPStatus.OK, wire.StatisticsView, example=wire.STATISTICS)
@prepared
@blp.arguments(wire.StatisticsQuery, location="query")
def show_daily(query: dict[str, Any]) -> Any:
    """Figures by project and Beijing day, and of the city; the days of `from` and `to` are included."""
    found = _find(query)
    answer = wire.as_json(found.first, found.last, found.days.items, found.city, found.days.next_cursor)
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    return _document(body, wire.JSON, "json", found, query)


@blp.get("/statistics/daily.csv")
@public
@limited("open_statistics", "30/minute", per="ip")
@blp.response(
    HTTPStatus.OK,
    {"type": "string", "description": "UTF-8 with its mark, CRLF; the columns of the JSON form."},
    content_type="text/csv",
    example=wire.as_csv([], []).decode(),
)
@prepared
@blp.arguments(wire.StatisticsQuery, location="query")
def save_daily(query: dict[str, Any]) -> Any:
    """The same as a table for spreadsheets; further rows are where the `Link` header says."""
    found = _find(query)
    return _document(wire.as_csv(found.days.items, found.city), wire.CSV, "csv", found, query)


@dataclass(frozen=True, slots=True)
class _Found:
    first: date
    last: date
    days: Page[DailyRow]
    city: list[CityDay]


def _find(query: dict[str, Any]) -> _Found:
    first, last = range_of(query["first"], query["last"], today=clock.today())
    with reading() as session:
        days = list_daily(session, first=first, last=last, limit=query["limit"], cursor=query["cursor"])
        city = city_daily(session, first, last) if query["cursor"] is None else []
    return _Found(first, last, days, city)


def _document(body: bytes, media_type: str, ending: str, found: _Found, query: dict[str, Any]) -> Document:
    following = None
    if found.days.next_cursor is not None:
        going_on = {
            "from": found.first.isoformat(),
            "to": found.last.isoformat(),
            "limit": query["limit"],
            "cursor": found.days.next_cursor,
        }
        following = f"{wire.PATH}.{ending}?{urlencode(going_on)}"
    name = f"daily_{found.first}_{found.last}.csv" if ending == "csv" else None
    return document(body, media_type, max_age_s=FIGURES_KEPT_S, next_page=following, file_name=name)
