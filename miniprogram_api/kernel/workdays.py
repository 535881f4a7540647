"""Working days in China: weekends, statutory holidays, and the weekends worked to make up for them.

The State Council gazettes each year by a notice late in the year before. The `holidays` package carries the
notices; for a year without one it estimates, and knows no make-up days, so that year is marked provisional.
Rows in the database win over the package: single days, or a whole year as soon as its notice is out.
"""

import calendar
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib.metadata import version
from typing import ClassVar

from holidays import country_holidays
from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import Model, text_enum

# The package knows the calendar from the founding of the republic to the end of its lunar tables.
_KNOWN_YEARS = range(1950, 2100)
_PACKAGE = f"holidays {version('holidays')}"
_MAKE_UP_NAME = "调休上班"

MONDAY = calendar.MONDAY

# No holiday keeps people from work for longer: what was displaced by it is found within this many days.
LOOK_AROUND = timedelta(days=16)


class DayKind(StrEnum):
    WORKING = "working"
    WEEKEND = "weekend"
    STATUTORY_HOLIDAY = "statutory_holiday"
    MAKE_UP_WORKING_DAY = "make_up_working_day"


@dataclass(frozen=True, slots=True)
class Day:
    """What a date is; provisional as long as no notice has settled it."""

    on_date: date
    kind: DayKind
    name: str
    provisional: bool
    source: str

    @property
    def is_working(self) -> bool:
        return self.kind in {DayKind.WORKING, DayKind.MAKE_UP_WORKING_DAY}


class CalendarDay(Model):
    """A date about which the database knows better than the package."""

    __tablename__ = "kernel_calendar_days"

    on_date: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[DayKind] = mapped_column(text_enum(DayKind))
    name: Mapped[str] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(String(200))
    gazetted: Mapped[bool]

    def as_day(self) -> Day:
        return Day(self.on_date, self.kind, self.name, not self.gazetted, self.source)


@dataclass(frozen=True, slots=True)
class CalendarGazetted(events.Event):
    """A year's notice was entered: what was provisional is settled."""

    name: ClassVar[str] = "kernel.calendar_gazetted"

    year: int


def days(session: Session, first: date, last: date) -> dict[date, Day]:
    """Every date from first to last, both included, in order; one query."""
    known = select(CalendarDay).where(CalendarDay.on_date.between(first, last))
    overrides = {row.on_date: row.as_day() for row in session.scalars(known)}
    return {on: overrides.get(on) or _from_package(on) for on in _dates(first, last)}


def gazette_year(
    session: Session,
    *,
    year: int,
    rest_days: Mapping[date, str],
    make_up_days: Collection[date],
    source: str,
    actor: Actor,
) -> None:
    """Settle a whole year by its notice, replacing what was entered for it; nothing of the estimate remains.

    Raises ValueError for a date outside the year, a make-up day that is no weekend, or a date that is both.
    """
    _check_notice(year, rest_days, make_up_days)
    first, last = date(year, 1, 1), date(year, 12, 31)
    session.execute(delete(CalendarDay).where(CalendarDay.on_date.between(first, last)))
    for on in _dates(first, last):
        kind, name = _kind_of(on, rest_days, make_up_days)
        session.add(CalendarDay(on_date=on, kind=kind, name=name, source=source, gazetted=True))
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="kernel.gazette_year",
        object_type="calendar_year",
        object_id=str(year),
        after={
            "source": source,
            "rest_days": [on.isoformat() for on in sorted(rest_days)],
            "make_up_days": [on.isoformat() for on in sorted(make_up_days)],
        },
    )
    events.publish(session, CalendarGazetted(year=year))


def _check_notice(year: int, rest_days: Mapping[date, str], make_up_days: Collection[date]) -> None:
    if any(on.year != year for on in [*rest_days, *make_up_days]):
        raise ValueError(f"a date lies outside {year}")
    if any(not _is_weekend(on) for on in make_up_days):
        raise ValueError("only a weekend can be worked to make up for a holiday")
    if any(on in rest_days for on in make_up_days):
        raise ValueError("a date is both a holiday and a make-up working day")


def closed_weekly(known: Mapping[date, Day], weekday: int) -> frozenset[date]:
    """Dates closed by the rule "every such weekday unless a statutory holiday, then the next working day".

    A closing day displaced into the range is found only if `known` reaches LOOK_AROUND before it.
    """
    closing = [day for day in known.values() if day.on_date.weekday() == weekday]
    moved = {
        _next_working_day(known, day.on_date) for day in closing if day.kind is DayKind.STATUTORY_HOLIDAY
    }
    kept = {day.on_date for day in closing if day.kind is not DayKind.STATUTORY_HOLIDAY}
    return frozenset(kept | {on for on in moved if on is not None})


def closed_on_mondays(known: Mapping[date, Day]) -> frozenset[date]:
    """`closed_weekly` as most museums put it."""
    return closed_weekly(known, MONDAY)


def working_days_between(known: Mapping[date, Day], first: date, before: date) -> int:
    """How many working days lie in [first, before). Raises KeyError for a date outside `known`."""
    return sum(known[on].is_working for on in _dates(first, before - timedelta(days=1)))


def _next_working_day(known: Mapping[date, Day], after: date) -> date | None:
    on = after + timedelta(days=1)
    while on in known:
        if known[on].is_working:
            return on
        on += timedelta(days=1)
    return None


def _dates(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=count) for count in range((last - first).days + 1))


def _is_weekend(on: date) -> bool:
    return on.weekday() >= calendar.SATURDAY


def _kind_of(on: date, rest_days: Mapping[date, str], make_up_days: Collection[date]) -> tuple[DayKind, str]:
    if on in rest_days:
        return DayKind.STATUTORY_HOLIDAY, rest_days[on]
    if on in make_up_days:
        return DayKind.MAKE_UP_WORKING_DAY, _MAKE_UP_NAME
    return (DayKind.WEEKEND if _is_weekend(on) else DayKind.WORKING), ""


@dataclass(frozen=True, slots=True)
class _Year:
    """A year as the package knows it."""

    rest_days: Mapping[date, str]
    make_up_days: frozenset[date]

    @property
    def estimated(self) -> bool:
        # Every notice since 2001 moves at least one weekend; an estimate moves none.
        return not self.make_up_days


@lru_cache(maxsize=16)
def _package_year(year: int) -> _Year:
    if year not in _KNOWN_YEARS:
        return _Year({}, frozenset())
    # A notice may move a weekend of the last December, so the next year is asked too.
    china = country_holidays("CN", years=(year, year + 1), language="zh_CN")
    return _Year(
        {on: name for on, name in china.items() if on.year == year},
        frozenset(on for on in china.weekend_workdays if on.year == year),
    )


def _from_package(on: date) -> Day:
    year = _package_year(on.year)
    kind, name = _kind_of(on, year.rest_days, year.make_up_days)
    return Day(on, kind, name, year.estimated, _PACKAGE)
