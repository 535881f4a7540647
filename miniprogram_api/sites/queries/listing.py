"""The public list of sites: every filter and order in one statement, whatever the number of sites.

The statement first finds the page of sites, and only for those looks up what their cards show. Building it
in SQLAlchemy costs several times what running it does, so that of a first page is kept and used for every
search of the same shape.

Sites without booking have opening rules and no slots, and their rules are decided in Python: which of them
are open on a day is found apart, and the edge that asks may keep it for others who ask for the day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Float,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session

from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import UtcDateTime
from miniprogram_api.kernel.geo import Point, chord_squared, unit_vector
from miniprogram_api.kernel.paging import Column, Page, encode_cursor, keyset
from miniprogram_api.kernel.search import query_values, tokens
from miniprogram_api.sites import availability
from miniprogram_api.sites.availability import Availability
from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay
from miniprogram_api.sites.queries.cards import (
    LISTED,
    RECEIVING,
    SITES,
    ListedSite,
    cards,
    listed_site,
)
from miniprogram_api.sites.queries.facts import holds
from miniprogram_api.sites.queries.opening import find_openings, known_days
from miniprogram_api.sites.queries.search import INDEX
from miniprogram_api.sites.rules import plan_days, visibility
from miniprogram_api.sites.rules.dictionary import DISTRICTS, LEVELS, OTHER, TYPES

_HORIZONS = {visibility(*state).horizon_days for state in product(Lifecycle, (True, False), Overlay)}
_NAMES: Mapping[str, Mapping[str, str]] = {"type": TYPES, "level": LEVELS, "district": DISTRICTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSearch:
    """What a caller looks for; `near` is in GCJ-02."""

    type: str | None = None
    level: str | None = None
    district: str | None = None
    q: str | None = None
    open_on: date | None = None
    near: Point | None = None
    radius_m: float | None = None

    def codes(self) -> dict[str, str]:
        """The codes that are wanted, by column."""
        wanted = {"type": self.type, "level": self.level, "district": self.district}
        return {column: code for column, code in wanted.items() if code is not None}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a search decides its SQL; everything else is bound.

    `codes` are the columns that are compared, each with whether an unknown code is meant.
    """

    codes: tuple[tuple[str, bool], ...]
    searched: bool
    open_on: bool
    near: bool
    within: bool

    @classmethod
    def of(cls, wanted: SiteSearch) -> "_Shape":
        return cls(
            tuple((column, code == OTHER) for column, code in wanted.codes().items()),
            searched=wanted.q is not None,
            open_on=wanted.open_on is not None,
            near=wanted.near is not None,
            within=wanted.radius_m is not None,
        )


def list_sites(
    session: Session,
    wanted: SiteSearch,
    *,
    limit: int,
    cursor: str | None,
    now: datetime,
    walk_ins: Sequence[UUID] = (),
) -> Page[ListedSite]:
    """A page of the sites that the public sees: the nearest first, else the best match, else by rank.

    With `open_on`, `walk_ins` are the sites without booking that are open on that day. Raises InvalidCursor.
    """
    if wanted.q is not None and not tokens(wanted.q):
        return Page((), None)
    shape, rooms = _Shape.of(wanted), availability.current()
    built = _first_page(shape, rooms) if cursor is None else _build(shape, rooms, cursor=cursor)
    rows = session.connection().execute(built.statement, _values(wanted, limit, now, walk_ins)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[listed_site(row, now) for row in rows[:limit]],
        next_cursor=None if last is None else encode_cursor(last[-built.keys :]),
    )


def list_open_walk_ins(session: Session, on: date) -> Sequence[UUID]:
    """Sites that anyone may just walk into, and that their rules open on the day."""
    walk_in = and_(SITES.c.booking_mode == BookingMode.NONE, RECEIVING)
    openings = find_openings(session, walk_in, on, on)
    if not openings:
        return ()
    calendar = known_days(session, on, on)
    return tuple(
        site_id
        for site_id, opening in openings.items()
        if plan_days(opening, on, on, calendar=calendar)[on].closed is None
    )


@dataclass(frozen=True, slots=True)
class _Built:
    """A statement, and how many of its last columns are the keys of its order."""

    statement: Select[*tuple[Any, ...]]
    keys: int


@lru_cache(maxsize=256)
def _first_page(shape: _Shape, rooms: Availability) -> _Built:
    return _build(shape, rooms, cursor=None)


_NOW = bindparam("now", type_=UtcDateTime())
_TODAY = bindparam("today", type_=Date())


def _build(shape: _Shape, rooms: Availability, *, cursor: str | None) -> _Built:
    conditions = [LISTED, *(_has_code(column, unknown, _code_of(column)) for column, unknown in shape.codes)]
    if shape.open_on:
        conditions.append(_is_open(rooms))
    distance = _chord_squared() if shape.near else null()
    matches = INDEX.matches() if shape.searched else None
    if shape.within:
        conditions.append(distance <= bindparam("reach", type_=Float))
    columns, falls = _order(shape, distance, matches)
    keys = [column.label(f"key_{number}") for number, column in enumerate(columns)]
    matching = select(SITES.c.id.label("site_id"), distance.label("chord_squared"), *keys).where(*conditions)
    if matches is not None:
        matching = matching.join_from(SITES, matches, matches.c.object_id == SITES.c.id)
    ordered = keyset(matching, columns, cursor, descending=falls)
    found = ordered.limit(bindparam("rows", type_=Integer)).subquery("found")
    sorting = [found.c[key.name] for key in keys]
    statement = (
        cards(rooms, _NOW, _TODAY)
        .join(found, found.c.site_id == SITES.c.id)
        .add_columns(found.c.chord_squared, *sorting)
        .order_by(*(key.desc() if falling else key for key, falling in zip(sorting, falls, strict=True)))
    )
    return _Built(statement, len(keys))


def _is_open(rooms: Availability) -> ColumnElement[bool]:
    """Open on the day that is asked for: by a slot, or as one of the sites to walk into."""
    on, days_ahead = bindparam("on", type_=Date()), bindparam("days_ahead", type_=Integer)
    by_slots = and_(
        SITES.c.booking_mode == BookingMode.SLOTS,
        or_(*(_receives(horizon, days_ahead) for horizon in _HORIZONS)),
        rooms.is_open_on(SITES.c.id, on, now=_NOW),
    )
    return and_(days_ahead >= 0, or_(by_slots, SITES.c.id.in_(bindparam("walk_ins", expanding=True))))


def _receives(horizon: int | None, days_ahead: ColumnElement[int]) -> ColumnElement[bool]:
    receiving = holds(lambda shown: shown.bookable and shown.horizon_days == horizon)
    return receiving if horizon is None else and_(receiving, days_ahead <= horizon)


def _order(
    shape: _Shape, distance: ColumnElement[Any], matches: Subquery | None
) -> tuple[list[Column], list[bool]]:
    """The columns a list is sorted by, unique together, and which of them fall."""
    if shape.near:
        return [distance, SITES.c.id], [False, False]
    if matches is not None:
        return [matches.c.rank, SITES.c.listed_rank, SITES.c.id], [True, False, False]
    return [SITES.c.listed_rank, SITES.c.id], [False, False]


def _has_code(column: str, unknown: bool, code: ColumnElement[str] | str) -> ColumnElement[bool]:
    held: ColumnElement[str] = SITES.c[column]
    return held.not_in(list(_NAMES[column])) if unknown else held == code


def _code_of(column: str) -> ColumnElement[str]:
    return bindparam(f"{column}_code", type_=String)


def _chord_squared() -> ColumnElement[float]:
    x, y, z = (SITES.c[f"unit_{axis}"] - bindparam(f"near_{axis}", type_=Float) for axis in "xyz")
    squared: ColumnElement[float] = x * x + y * y + z * z
    return squared


def _values(wanted: SiteSearch, limit: int, now: datetime, walk_ins: Sequence[UUID]) -> dict[str, Any]:
    """What is bound; one row more than asked for tells whether there is a next page."""
    today = beijing_date(now)
    values: dict[str, Any] = {"rows": limit + 1, "now": now, "today": today}
    values |= {f"{column}_code": code for column, code in wanted.codes().items() if code != OTHER}
    if wanted.q is not None:
        values |= query_values(wanted.q)
    if wanted.near is not None:
        unit = unit_vector(wanted.near)
        values |= {"near_x": unit.x, "near_y": unit.y, "near_z": unit.z}
    if wanted.radius_m is not None:
        values["reach"] = chord_squared(wanted.radius_m)
    if wanted.open_on is not None:
        days_ahead = (wanted.open_on - today).days
        values |= {"on": wanted.open_on, "days_ahead": days_ahead, "walk_ins": list(walk_ins)}
    return values
