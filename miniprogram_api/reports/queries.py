"""Figures of visits by site, day, weekday, time of day and channel: one grouped statement for each table."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, case, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from miniprogram_api.kernel.access import Principal
from miniprogram_api.reports.rules import NAMES, OF_BOOKINGS, Figures, Period, total_of
from miniprogram_api.sites.models import Site
from miniprogram_api.sites.queries.desk import within_scope
from miniprogram_api.visits.models import Booking, BookingStatus, Channel, Slot, SlotState
from miniprogram_api.visits.queries.occupancy import has_missed
from miniprogram_api.visits.rules import words

PERMISSION = "figures.view"
_WEEKDAYS = 7
_DECIDED = (BookingStatus.ADMITTED, BookingStatus.PARTLY_ADMITTED, BookingStatus.NO_SHOW)
_BEIJING = timedelta(hours=8)  # all year: China has no summer time


class _UtcMinute(FunctionElement[str]):
    """The hour and minute of an instant in UTC, as text."""

    type = String()
    inherit_cache = True


@compiles(_UtcMinute, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"strftime('%H:%M', {compiler.process(element.clauses, **kw)})"


@compiles(_UtcMinute)
def _elsewhere(element: Any, compiler: Any, **kw: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **kw)} AT TIME ZONE 'UTC', 'HH24:MI')"


@dataclass(frozen=True, slots=True)
class SiteChoice:
    """A site whose figures the caller may see."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one group, and what it is called."""

    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """The same visits, grouped five ways: each adds up to the same total; channels have no slots."""

    by_site: Sequence[Line]
    by_day: Sequence[Line]
    by_weekday: Sequence[Line]
    by_time: Sequence[Line]
    by_channel: Sequence[Line]

    @property
    def total(self) -> Figures:
        return total_of(line.figures for line in self.by_day)


def list_choices(session: Session, principal: Principal) -> list[SiteChoice]:
    """The sites whose figures the caller may see, by name."""
    statement = select(Site.id, Site.name).where(within_scope(principal, PERMISSION))
    return [SiteChoice(*row) for row in session.execute(statement.order_by(Site.name, Site.id))]


def make_report(
    session: Session, principal: Principal, *, site_id: UUID | None, period: Period, now: datetime
) -> Report:
    """The figures of a period, of one site or of all the caller may see; four statements.

    A site outside the caller's scope counts for nothing: whether it is there has been asked before.
    """
    within = _slots_of(principal, site_id, period)
    grouped = _Grouping(within, now)
    days = _by_day(session, grouped, period)
    return Report(
        by_site=_by_site(session, grouped),
        by_day=[Line(day.isoformat(), figures) for day, figures in days.items()],
        by_weekday=_by_weekday(days),
        by_time=_by_time(session, grouped),
        by_channel=_by_channel(session, grouped),
    )


def _slots_of(principal: Principal, site_id: UUID | None, period: Period) -> ColumnElement[bool]:
    in_scope = select(Site.id).where(within_scope(principal, PERMISSION)).correlate(None)
    conditions = [Slot.visit_on.between(period.first, period.last), Slot.site_id.in_(in_scope)]
    return and_(*conditions, *([] if site_id is None else [Slot.site_id == site_id]))


def _by_site(session: Session, grouped: "_Grouping") -> list[Line]:
    statement = grouped.by(Site.name, Site.id).join(Site, Site.id == Slot.site_id)
    rows = session.execute(statement.order_by(Site.name, Site.id))
    return [Line(row[0], _figures(row[2:])) for row in rows]


def _by_day(session: Session, grouped: "_Grouping", period: Period) -> dict[date, Figures]:
    """Every day of the period, those without slots too."""
    found = {row[0]: _figures(row[1:]) for row in session.execute(grouped.by(Slot.visit_on))}
    days = (period.first + timedelta(days=number) for number in range(period.days))
    return {day: found.get(day, Figures()) for day in days}


def _by_weekday(days: dict[date, Figures]) -> list[Line]:
    groups: dict[int, list[Figures]] = defaultdict(list)
    for day, figures in days.items():
        groups[day.weekday()].append(figures)
    return [Line(f"周{'一二三四五六日'[number]}", total_of(groups[number])) for number in range(_WEEKDAYS)]


def _by_time(session: Session, grouped: "_Grouping") -> list[Line]:
    begin, end = _UtcMinute(Slot.starts_at), _UtcMinute(Slot.ends_at)
    rows = session.execute(grouped.by(begin, end))
    lines = [Line(f"{_in_beijing(row[0])}–{_in_beijing(row[1])}", _figures(row[2:])) for row in rows]
    return sorted(lines, key=lambda line: line.name)


def _by_channel(session: Session, grouped: "_Grouping") -> list[Line]:
    """Every channel, those that nobody took too."""
    rows = session.execute(grouped.bookings_by(Booking.channel)).mappings()
    found = {row["channel"]: {name: int(row[name]) for name in OF_BOOKINGS} for row in rows}
    return [Line(name, Figures(**found.get(Channel(value), {}))) for value, name in words.CHANNEL.items()]


def _in_beijing(utc: str) -> str:
    return f"{datetime.strptime(utc, '%H:%M') + _BEIJING:%H:%M}"  # noqa: DTZ007  a time of day alone


@dataclass(frozen=True, slots=True)
class _Grouping:
    """The slots that are summed up, and the moment at which a visit is over or is not."""

    within: ColumnElement[bool]
    now: datetime

    def by(self, *keys: Any) -> Select[Any]:
        """Slots with the bookings of each summed first, so that a slot's places are counted once."""
        of_slot = self.bookings_by(Booking.slot_id).subquery()
        # A closed slot offers nothing, but to those who still came to it.
        offered = or_(Slot.state == SlotState.OPEN, func.coalesce(of_slot.c.seats, 0) > 0)
        sums = {
            "slots": case((offered, 1), else_=0),
            "capacity": case((offered, Slot.capacity), else_=0),
        }
        totals = [_total(sums[name] if name in sums else of_slot.c[name]).label(name) for name in NAMES]
        joined = select(*keys, *totals).select_from(Slot)
        return joined.outerjoin(of_slot, of_slot.c.slot_id == Slot.id).where(self.within).group_by(*keys)

    def bookings_by(self, key: Any) -> Select[Any]:
        """The bookings alone, of which no slot need know."""
        kept = Booking.status != BookingStatus.CANCELLED
        beforehand = Booking.channel != Channel.WALK_IN
        over = and_(Booking.status.in_(_DECIDED), Booking.ends_at <= self.now, beforehand)
        missed = and_(over, has_missed(self.now))
        sums = {
            "bookings": func.count(),
            "cancelled": func.sum(case((kept, 0), else_=1)),
            "seats": func.sum(case((kept, Booking.seats), else_=0)),
            "arrived": func.sum(case((kept, Booking.admitted), else_=0)),
            "walk_ins": func.sum(case((and_(kept, ~beforehand), Booking.seats), else_=0)),
            "settled": func.sum(case((over, Booking.seats), else_=0)),
            "no_shows": func.sum(case((missed, Booking.seats - Booking.admitted), else_=0)),
        }
        labelled = (value.label(name) for name, value in sums.items())
        joined = select(key, *labelled).join(Slot, Slot.id == Booking.slot_id)
        return joined.where(self.within).group_by(key)


def _total(value: Any) -> ColumnElement[int]:
    return func.coalesce(func.sum(value), 0)


def _figures(values: Sequence[Any]) -> Figures:
    return Figures(**{name: int(value) for name, value in zip(NAMES, values, strict=True)})
