"""Engagement figures for partners: days, their revisions, totals; sites and published content."""

from http import HTTPStatus
from typing import Any

from flask import Response

from miniprogram_api.engagement import published_content, queries
from miniprogram_api.engagement.rules import last_closed
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import reading
from miniprogram_api.registry.rules.days import range_of
from miniprogram_api.registry.schemas import engagement as wire
from miniprogram_api.sites.queries import exchange
from miniprogram_api.web.auth import requires
from miniprogram_api.web.partners import Answer, PartnerPaging, PartnerRoutes, etag_of, paged, unchanged

blp = PartnerRoutes("partner-engagement", __name__, description="Engagement figures")

_SCOPE = "engagement.read"


@blp.get("/engagement/daily")
@requires(_SCOPE)
@blp.arguments(wire.DailyQuery, location="query")
@blp.response(HTTPStatus.OK, wire.DailyPage, example=wire.DAILY)
def list_daily(query: dict[str, Any]) -> Answer:
    """Figures by Beijing day and project; one to four people are never told of."""
    first, last = range_of(query.pop("first"), query.pop("last"), last_closed=last_closed(clock.now()))
    with reading() as session:
        found = queries.list_daily(session, first=first, last=last, **query)
    rows = [wire.daily_row(row) for row in found.items]
    return paged(rows, found.next_cursor, first=first, last=last)


@blp.get("/engagement/changes")
@requires(_SCOPE)
@blp.arguments(PartnerPaging, location="query")
@blp.response(HTTPStatus.OK, wire.ChangePage, example=wire.CHANGES)
def list_changes(query: dict[str, Any]) -> Answer:
    """Revisions of days after a cursor, in the order they were committed."""
    now = clock.now()
    with reading() as session:
        found = queries.list_revisions(session, **query)
    items = [wire.change(queries.describe(row)) for row in found.items]
    told = {"next_cursor": found.cursor, "has_more": found.has_more, "as_of": now}
    # There is always a cursor, and a next page to link to only while there is more.
    _, headers = paged(items, found.cursor if found.has_more else None)
    return {"items": items, **told}, headers


@blp.get("/engagement/projects/<string:project_id>/summary")
@requires(_SCOPE)
@blp.response(HTTPStatus.OK, wire.SummaryView, example=wire.SUMMARY)
def show_summary(project_id: str) -> Answer | Response:
    """A project's totals: sums of the days that are listed."""
    with reading() as session:
        found = queries.get_summary(session, project_id)
    told = wire.summary(found)
    etag = etag_of(*told.values(), found.revisions)
    return unchanged(etag) or (told, {"ETag": etag})


@blp.get("/engagement/sites")
@requires(_SCOPE)
@blp.arguments(PartnerPaging, location="query")
@blp.response(HTTPStatus.OK, wire.SitePage, example=wire.SITES)
def list_sites(query: dict[str, Any]) -> Answer:
    """What sites say of themselves: whether and when they open, and for how many."""
    today = beijing_date(clock.now())
    with reading() as session:
        found = exchange.list_profiles(session, on=today, **query)
    return paged([wire.site(profile) for profile in found.items], found.next_cursor)


@blp.get("/engagement/content")
@requires(_SCOPE)
@blp.arguments(PartnerPaging, location="query")
@blp.response(HTTPStatus.OK, wire.ContentPage, example=wire.CONTENT)
def list_content(query: dict[str, Any]) -> Answer:
    """What was published about projects, by title and address."""
    with reading() as session:
        found = published_content.current().list_published(session, **query)
    return paged(found.items, found.next_cursor)
