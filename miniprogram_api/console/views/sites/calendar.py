"""A month of a site at a glance."""

from datetime import date, timedelta

from flask import request
from werkzeug.wrappers import Response

from miniprogram_api.console.access import signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.pages import own_may, page
from miniprogram_api.console.scope import look_at
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.visits.queries.month import MonthDay, show_month

_YEARS = range(2020, 2100)


@console.get("/sites/<string:site_id>/calendar")
@signed_in("slots.view")
def show_calendar(site_id: str) -> Response:
    """Each day of a month: open, closed and why, holiday, slots and how many have booked."""
    first = _month(request.args.get("month"))
    with reading() as session:
        site = look_at(session, site_id, "slots.view")
        days = show_month(session, site.id, year=first.year, month=first.month)
    weeks, today = _weeks(days), clock.today()
    figures = [day.figures for day in days]
    return page(
        "sites/calendar.html",
        site=site,
        first=first,
        weeks=weeks,
        today=today,
        before=_named(first - timedelta(days=1)),
        after=_named(first + timedelta(days=31)),
        this_month=_named(today),
        provisional=any(day.day.provisional for day in days),
        open_days=sum(day.is_open and (day.figures.slots > 0 or day.on >= today) for day in days),
        slots=sum(figure.open_slots for figure in figures),
        seats=sum(figure.seats for figure in figures),
        booked=sum(figure.booked for figure in figures),
        may_close=own_may("sites.manage", site=site),
    )


def _month(text: str | None) -> date:
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return clock.today().replace(day=1)
    return first if first.year in _YEARS else clock.today().replace(day=1)


def _named(on: date) -> str:
    return f"{on:%Y-%m}"


def _weeks(days: list[MonthDay]) -> list[list[MonthDay | None]]:
    """The days in rows of seven from Monday on; None outside of the month."""
    ahead = days[0].on.weekday() if days else 0
    cells: list[MonthDay | None] = [*[None] * ahead, *days]
    cells += [None] * (-len(cells) % 7)
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]
