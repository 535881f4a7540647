"""What of a day's figures may leave, so that no person can be read out of them.

A figure of one to four people is hidden. So is what would tell it by subtraction: the parts of a whole are
shown together or not at all, the rest of the whole counting as a part. A figure that has left changes only by
five people or more against everything shown of it before; until then the last state stays, so that two
revisions never differ by one to four. Totals over days or projects are sums of what is shown, and say how
many figures they leave out, so that nothing can be subtracted from them.

Promised: whoever knows these rules and everything that left cannot tell a hidden figure of one to four people
from any other of one to four, nor a change that was held back from another of one to four.

Not promised: that a figure of five or more people says nothing about each of them (five ratings with a sum of
25); that somebody who knows of all visitors but one cannot find that one; and anything about what other pages
tell, such as the seats that are left in a slot.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from miniprogram_api.kernel.clock import beijing_date, beijing_time

LEAST_PEOPLE = 5
FINAL_AFTER_DAYS = 3
# A day leaves in the night after it, once late scans and missed visits are in.
CLOSES_AT_MINUTE = 3 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A day of a project as it was counted. None: nobody can tell, or nobody counts it."""

    bookings: int = 0
    cancellations: int = 0
    no_shows: int = 0
    visitors: int = 0
    school_groups: int | None = 0
    group_visitors: int | None = 0
    minors_under14: int | None = None
    minors_14_17: int | None = None
    green_checkins: int | None = 0
    avoided_co2_g: int | None = 0
    factor_set: str | None = None
    content_published: int | None = 0
    content_views: int | None = 0
    ratings_n: int | None = 0
    rating_sum: int | None = 0


FIELDS = tuple(field.name for field in fields(Figures))
SUMMED = tuple(name for name in FIELDS if name != "factor_set")


@dataclass(frozen=True, slots=True)
class _Family:
    """A number of people, the ways it is divided, and what is only told together with it.

    Whatever of a whole is in none of its parts is a part too, though nobody publishes it.
    """

    whole: str
    divisions: tuple[tuple[str, ...], ...] = ()
    attached: tuple[str, ...] = ()


_FAMILIES = (
    _Family("bookings", divisions=(("cancellations", "no_shows"),)),
    _Family("visitors", divisions=(("group_visitors",), ("minors_under14", "minors_14_17"))),
    _Family("green_checkins", attached=("avoided_co2_g", "factor_set")),
    _Family("ratings_n", attached=("rating_sum",)),
)
OF_PEOPLE = tuple(
    name
    for family in _FAMILIES
    for name in (family.whole, *(part for division in family.divisions for part in division))
)
_OF_NOBODY = ("school_groups", "content_published", "content_views")  # things, not people

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What leaves of a day: a value for each field, and which of the empty ones are hidden."""

    values: Values
    hidden: frozenset[str]


def let_out(figures: Figures, earlier: Sequence[Shown] = ()) -> Shown:
    """What may leave of a day's figures after what has left of that day before, in order."""
    counted = {name: getattr(figures, name) for name in FIELDS}
    values: dict[str, Any] = {name: counted[name] for name in _OF_NOBODY}
    hidden: set[str] = set()
    for family in _FAMILIES:
        told = _propose(family, counted)
        if any(_differ_by_few(family, told, before) for before in earlier):
            told = _as_before(family, earlier[-1])
        values |= told.values
        hidden |= told.hidden
    return Shown({name: values[name] for name in FIELDS}, frozenset(hidden))


def _propose(family: _Family, counted: Values) -> Shown:
    """The family by itself: what is shown of it if nothing was before."""
    names = _names(family)
    if counted[family.whole] is None:
        return Shown(dict.fromkeys(names), frozenset())
    if is_few(counted[family.whole]):
        hidden = {name for name in names if counted[name] is not None}
    else:
        hidden = {
            name
            for division in family.divisions
            if any(is_few(number) for number in _pieces(family, division, counted).values())
            for name in division
            if counted[name] is not None
        }
    return Shown({name: None if name in hidden else counted[name] for name in names}, frozenset(hidden))


def is_few(people: int) -> bool:
    """Less than nobody is what remains when two counts of the same people disagree; it tells as much."""
    return people != 0 and people < LEAST_PEOPLE


def _pieces(family: _Family, division: Sequence[str], values: Values) -> dict[str, int]:
    """The known parts of a whole, and what remains."""
    known = {name: values[name] for name in division if values[name] is not None}
    return {**known, "": values[family.whole] - sum(known.values())} if known else {}


def _differ_by_few(family: _Family, told: Shown, before: Shown) -> bool:
    """Whether the two tell of a change of one to four people, or of somebody's share in a sum."""
    if told.values[family.whole] is None or before.values[family.whole] is None:
        return False
    changes = [told.values[family.whole] - before.values[family.whole]]
    for division in family.divisions:
        if not before.hidden.isdisjoint(division) or not told.hidden.isdisjoint(division):
            continue
        now, then = (_pieces(family, division, shown.values) for shown in (told, before))
        changes += [now[name] - then[name] for name in now.keys() & then.keys()]
    if any(0 < abs(change) < LEAST_PEOPLE for change in changes):
        return True
    return changes[0] == 0 and _sum_moved(family, told, before)


def _sum_moved(family: _Family, told: Shown, before: Shown) -> bool:
    """Whether the same people sum up to something else, and not because the factors are others."""
    moved = any(told.values[name] != before.values[name] for name in family.attached)
    return moved and told.values.get("factor_set") == before.values.get("factor_set")


def _as_before(family: _Family, before: Shown) -> Shown:
    names = _names(family)
    return Shown({name: before.values[name] for name in names}, before.hidden & set(names))


def _names(family: _Family) -> tuple[str, ...]:
    parts = (name for division in family.divisions for name in division)
    return (family.whole, *parts, *family.attached)


def pack(shown: Shown) -> dict[str, Any]:
    """What leaves, as it is stored: the values, and under `hidden` a 1 for each that is hidden."""
    return {**shown.values, "hidden": dict.fromkeys(sorted(shown.hidden), 1)}


def unpack(stored: Mapping[str, Any]) -> Shown:
    """What was stored; a figure that was added to the contract since then was told by nobody."""
    return Shown({name: stored.get(name) for name in FIELDS}, frozenset(stored.get("hidden", ())))


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of what is shown, and for each field how many figures they leave out because they are hidden."""

    rows: int
    values: Mapping[str, int | None]
    left_out: Mapping[str, int]


def total(rows: Iterable[Shown]) -> Totals:
    """The sums over rows that have left; what no row tells has no sum."""
    count = 0
    sums: dict[str, int | None] = dict.fromkeys(SUMMED)
    left_out = dict.fromkeys(SUMMED, 0)
    for row in rows:
        count += 1
        for name in SUMMED:
            value = row.values[name]
            if value is not None:
                sums[name] = (sums[name] or 0) + value
            left_out[name] += name in row.hidden
    return Totals(count, sums, {name: number for name, number in left_out.items() if number})


def is_closed(on: date, now: datetime) -> bool:
    """Whether a day's figures may leave."""
    return now >= beijing_time(on + timedelta(days=1), CLOSES_AT_MINUTE)


def last_closed(now: datetime) -> date:
    """The last day that is closed."""
    return beijing_date(now - timedelta(minutes=CLOSES_AT_MINUTE)) - timedelta(days=1)


def is_final(on: date, now: datetime) -> bool:
    """Whether a day's figures are meant to stay; what comes later is a further revision."""
    return is_closed(on + timedelta(days=FINAL_AFTER_DAYS - 1), now)
