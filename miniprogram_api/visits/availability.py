"""What sites asks of slots: when there is room, under which policy, and what a change of opening hours does.

Implements the ports that sites declares; the composition root connects them.
"""

from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import Actor
from miniprogram_api.sites.availability import Day, Instant, PolicyInForce
from miniprogram_api.sites.consequences import PlanDays
from miniprogram_api.visits.models import Slot, SlotState
from miniprogram_api.visits.queries.access import get_making_access, get_site_access
from miniprogram_api.visits.queries.slots import has_seats, is_bookable
from miniprogram_api.visits.rules.policy import to_numbers
from miniprogram_api.visits.rules.policy_words import in_words
from miniprogram_api.visits.schemas.slots import ReportView
from miniprogram_api.visits.service import policies, timetable


class SlotAvailability:
    """Rooms and policies of sites, answered from the slots."""

    def next_available_on(
        self, site_id: ColumnElement[UUID], *, now: Instant, today: Day
    ) -> ScalarSelect[date | None]:
        """The first day with a slot that can be booked now and has seats left, or NULL."""
        coming = (
            Slot.site_id == site_id,
            Slot.visit_on >= today,
            is_bookable(now),
            has_seats(now),
        )
        # The first row by the index, not the least of all rows; NULL when there is none.
        on = cast("ColumnElement[date | None]", Slot.visit_on)
        return select(on).where(*coming).order_by(Slot.visit_on).limit(1).scalar_subquery()

    def is_open_on(self, site_id: ColumnElement[UUID], on: Day, *, now: Instant) -> ColumnElement[bool]:
        """Whether the site has a slot on the day that is neither closed nor over, full or not."""
        kept = (
            Slot.site_id == site_id,
            Slot.visit_on == on,
            Slot.state == SlotState.OPEN,
            Slot.starts_at > now,
        )
        return select(Slot.id).where(*kept).exists()

    def policy_of(self, session: Session, site_id: UUID, on: date) -> PolicyInForce:
        """The policy that slots of the day are booked under."""
        policy = policies.find_policy(session, site_id, on)
        return {"words": in_words(policy), "numbers": to_numbers(policy)}


class SlotConsequences:
    """What follows for slots and bookings when a site changes when it opens; slots are made `days` ahead."""

    def __init__(self, *, days: int) -> None:
        self._days = days

    def preview(self, session: Session, site_id: UUID, *, plan: PlanDays, now: datetime) -> dict[str, Any]:
        """What would be made, removed, altered and hit if the site opened as `plan` says. Writes nothing."""
        access = get_site_access(session, site_id, now=now).access
        report = timetable.preview(
            session, site_id=site_id, access=access, plan=plan, days=self._days, now=now
        )
        return _plain(report)

    def apply(self, session: Session, site_id: UUID, *, now: datetime, actor: Actor) -> dict[str, Any]:
        """Bring the slots in line with the opening as it now stands, and say what was done."""
        access = get_making_access(session, site_id, now=now)
        report = timetable.materialise(
            session, site_id=site_id, access=access, days=self._days, actor=actor, now=now
        )
        return _plain(report)


def _plain(report: timetable.Report) -> dict[str, Any]:
    plain: dict[str, Any] = ReportView().dump(report)
    return plain
