"""Background work of slots: making those of the days ahead, and following what the registry changes."""

from uuid import UUID

from flask import current_app
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.events import ProjectApplied
from miniprogram_api.visits import jobs_bookings, jobs_gate  # noqa: F401  their sweeps register themselves
from miniprogram_api.visits.events import CancellingContinues, RestoringContinues
from miniprogram_api.visits.events_policy import DefaultPolicySpreads
from miniprogram_api.visits.queries.access import get_making_access, list_bookable_sites
from miniprogram_api.visits.service import calling_off, default_policy, slot_change_undo, timetable


@periodic("visits.make_slots", every_minutes=10)
def make_slots() -> None:
    """Make the slots of the days ahead for every site that takes bookings, one transaction each."""
    with reading() as session:
        sites = list_bookable_sites(session)
    for site_id in sites:
        if _is_due(site_id):
            _make_slots_of(site_id)


def _is_due(site_id: UUID) -> bool:
    now = clock.now()
    with reading() as session:
        access = get_making_access(session, site_id, now=now)
        return timetable.is_due(session, site_id=site_id, access=access, days=_horizon_days(), now=now)


@retrying
def _make_slots_of(site_id: UUID) -> None:
    with atomic() as session:
        _regenerate(session, site_id)


def _regenerate(session: Session, site_id: UUID) -> None:
    now, days = clock.now(), _horizon_days()
    # Held, so that no slot opens while the site is being withdrawn.
    site_queries.hold_standing(session, site_id)
    access = get_making_access(session, site_id, now=now)
    timetable.materialise(session, site_id=site_id, access=access, days=days, actor=SYSTEM, now=now)


def _horizon_days() -> int:
    days: int = current_app.extensions["settings"].slot_horizon_days
    return days


@subscribe(ProjectApplied, name="visits.follow_project")
def follow_project(session: Session, event: ProjectApplied) -> None:
    _regenerate(session, UUID(event.site_id))


@subscribe(CancellingContinues, name="visits.continue_cancelling")
def continue_cancelling(session: Session, event: CancellingContinues) -> None:
    calling_off.call_off(session, site_id=UUID(event.site_id), actor=SYSTEM, now=clock.now())


@subscribe(RestoringContinues, name="visits.continue_restoring")
def continue_restoring(session: Session, event: RestoringContinues) -> None:
    slot_change_undo.continue_undo(session, change_id=UUID(event.change_id), now=clock.now())


@subscribe(DefaultPolicySpreads, name="visits.spread_default_policy")
def spread_default_policy(session: Session, event: DefaultPolicySpreads) -> None:
    default_policy.spread(session, event.version, now=clock.now())


@periodic("visits.catch_up_default_policy", every_minutes=10)
def catch_up_default_policy() -> None:
    """Give the newest rules of the city to sites that its spreading missed; mostly there are none."""
    with reading() as session:
        if not default_policy.is_behind(session):
            return
    _catch_up()


@retrying
def _catch_up() -> None:
    with atomic() as session:
        default_policy.catch_up(session, now=clock.now())
