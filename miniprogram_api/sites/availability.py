"""The port through which sites learns what only visits knows: slots, and the policy they are booked under.

Visits stands above sites and must not be imported here. The application connects the two with `use()`;
until it does, nothing is bookable.
"""

from datetime import date, datetime
from typing import Any, Protocol, TypedDict
from uuid import UUID

from sqlalchemy import ColumnElement, Date, ScalarSelect, Select, false, literal, select
from sqlalchemy.orm import Session

# Values where a statement runs once; parameters where it is kept and run at other times.
Instant = datetime | ColumnElement[datetime]
Day = date | ColumnElement[date]


class PolicyInForce(TypedDict):
    """A site's booking policy on a day: Chinese sentences, and the numbers they speak of."""

    words: list[str]
    numbers: dict[str, Any]


class Availability(Protocol):
    """What a list or a page of sites asks about slots.

    The first two answer SQL, correlated with the statement that lists sites, so that a list stays one
    statement. What they answer depends on their arguments alone: the statement is kept and run again.
    """

    def __hash__(self) -> int: ...

    def next_available_on(
        self, site_id: ColumnElement[UUID], *, now: Instant, today: Day
    ) -> ScalarSelect[date | None]:
        """The first day with a slot that can be booked now and has seats left, or NULL."""
        ...

    def is_open_on(self, site_id: ColumnElement[UUID], on: Day, *, now: Instant) -> ColumnElement[bool]:
        """Whether the site has a slot on the day that is neither closed nor over, full or not."""
        ...

    def policy_of(self, session: Session, site_id: UUID, on: date) -> PolicyInForce:
        """The policy that slots of the day are booked under."""
        ...


class NoAvailability:
    """Nothing can be booked anywhere, and no policy has been stated."""

    def next_available_on(
        self, site_id: ColumnElement[UUID], *, now: Instant, today: Day
    ) -> ScalarSelect[date | None]:
        nothing: Select[tuple[date | None]] = select(literal(None, Date()))
        return nothing.scalar_subquery()

    def is_open_on(self, site_id: ColumnElement[UUID], on: Day, *, now: Instant) -> ColumnElement[bool]:
        return false()

    def policy_of(self, session: Session, site_id: UUID, on: date) -> PolicyInForce:
        return {"words": [], "numbers": {}}


class _Connected:
    availability: Availability = NoAvailability()


def use(availability: Availability) -> None:
    """Connect the implementation; the composition root does, and tests do."""
    _Connected.availability = availability


def current() -> Availability:
    return _Connected.availability
