"""The port through which a change of opening hours learns what it does to slots and bookings.

A change is made in two steps. `preview` tells a person what would happen, and changes nothing. `apply` runs
in the transaction that changes the hours, so that the public list never offers a slot of the old hours. What
takes longer, such as cancelling bookings one batch after another, continues by events of visits; the sweep
that makes the slots of the days ahead mends what a crash left.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import Actor
from miniprogram_api.sites.rules import DayPlan

# The opening days from the first to the last date, both included, as they would be after the change.
PlanDays = Callable[[date, date], Mapping[date, DayPlan]]


class Consequences(Protocol):
    """What follows for slots and bookings; both answers are plain JSON values for people to read."""

    def preview(self, session: Session, site_id: UUID, *, plan: PlanDays, now: datetime) -> dict[str, Any]:
        """What would be made, removed, altered and hit if the site opened as `plan` says. Writes nothing."""
        ...

    def apply(self, session: Session, site_id: UUID, *, now: datetime, actor: Actor) -> dict[str, Any]:
        """Bring the slots in line with the rules and closures as they now stand, and say what was done."""
        ...


class NoConsequences:
    """There are no slots, so nothing follows."""

    def preview(self, session: Session, site_id: UUID, *, plan: PlanDays, now: datetime) -> dict[str, Any]:
        return {}

    def apply(self, session: Session, site_id: UUID, *, now: datetime, actor: Actor) -> dict[str, Any]:
        return {}


class _Connected:
    consequences: Consequences = NoConsequences()


def use(consequences: Consequences) -> None:
    """Connect the implementation; the composition root does, and tests do."""
    _Connected.consequences = consequences


def current() -> Consequences:
    return _Connected.consequences
