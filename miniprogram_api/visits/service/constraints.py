"""Which constraint a database refused a row by, and what that means to a caller: a 409, never a 500."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import cache

from prometheus_client import Counter
from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from miniprogram_api.kernel.db import Model
from miniprogram_api.kernel.errors import AppError, Conflict
from miniprogram_api.visits.errors.bookings import (
    AlreadyBooked,
    ChildrenFull,
    DayFull,
    HoldExists,
    SignLanguageTaken,
    SlotFull,
    WheelchairsTaken,
)

OVERSELL_GUARD = Counter(
    "booking_oversell_guard_total", "Times a CHECK had to stop an oversold slot; stays 0"
)
# Codes that we draw: another draw helps.
DRAWN_AGAIN = frozenset({"uq_visits_bookings_number", "uq_visits_tickets_short_code"})

# The CHECKs behind the counters, and which places there are too few of.
_COUNTERS: Mapping[str, type[SlotFull]] = {
    "ck_visits_slots_seats": SlotFull,
    "ck_visits_slots_children": ChildrenFull,
    "ck_visits_slots_wheelchairs": WheelchairsTaken,
    "ck_visits_slots_sign_language": SignLanguageTaken,
    "ck_visits_days_seats": DayFull,
}


def violated(error: IntegrityError) -> str:
    """The name of the constraint or unique index; empty when the driver does not tell."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return diagnosis.constraint_name or ""
    kind, _, rest = str(error.orig).partition(" constraint failed: ")
    return _names_by_columns().get(rest, "") if kind == "UNIQUE" else rest


_REFUSALS: Mapping[str, Callable[[], AppError]] = {
    "uq_visits_bookings_member_day": lambda: AlreadyBooked(rule="one_visit_per_day", number=None),
    "uq_visits_bookings_caller_day": lambda: AlreadyBooked(rule="one_visit_per_phone_and_day", number=None),
    "uq_visits_visitors_person_day": lambda: AlreadyBooked(rule="one_visit_per_person_and_day", number=None),
    "uq_visits_holds_member_slot": HoldExists,
    "uq_visits_calendar_feeds_member": Conflict,
    "uq_visits_calendar_feeds_site": Conflict,
}


def refusal(error: IntegrityError) -> AppError | None:
    """The error a violated index stands for, or None when it is no refusal of ours."""
    name = violated(error)
    if name in _COUNTERS:
        # The conditions before it should have refused: somebody has to be told.
        OVERSELL_GUARD.inc()
        return _COUNTERS[name](left=0, alternatives=[])
    make = _REFUSALS.get(name)
    return None if make is None else make()


@contextmanager
def told_as_refusals() -> Generator[None]:
    """Around what may violate an index: raises the refusal it stands for, and anything else as it is."""
    try:
        yield
    except IntegrityError as error:
        known = refusal(error)
        if known is None:
            raise
        raise known from error


@cache
def _names_by_columns() -> dict[str, str]:
    """SQLite names the columns of a unique index instead of the index."""
    names: dict[str, str] = {}
    for table in Model.metadata.tables.values():
        uniques: list[UniqueConstraint | PrimaryKeyConstraint | Index] = [
            constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)
        ]
        uniques += [index for index in table.indexes if index.unique]
        if isinstance(table.primary_key, PrimaryKeyConstraint):
            uniques.append(table.primary_key)
        for unique in uniques:
            columns = ", ".join(f"{table.name}.{column.name}" for column in unique.columns)
            names[columns] = str(unique.name)
    return names
