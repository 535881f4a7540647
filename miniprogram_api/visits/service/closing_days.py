"""Closing a site on some days with its bookings moved or cancelled, in one act that can be taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import Actor
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.queries.opening import known_days
from miniprogram_api.sites.rules import ClosureFacts, DayPlan, Opening, plan_days
from miniprogram_api.sites.service import Site, opening
from miniprogram_api.visits.errors.slots import ChangeOutdated
from miniprogram_api.visits.models import Slot, SlotChange, Treatment
from miniprogram_api.visits.queries import slot_changes as queries
from miniprogram_api.visits.queries.access import get_site_access
from miniprogram_api.visits.rules.slot_choice import Wanted
from miniprogram_api.visits.service import slot_change_records as records
from miniprogram_api.visits.service import slot_changes, timetable
from miniprogram_api.visits.service.slot_changes import Outlook, Seen


@dataclass(frozen=True, slots=True)
class ClosingOutlook:
    """What a closure would do: the days in sentences and plans, and what it hits."""

    opening: opening.Preview
    outlook: Outlook


def preview_closing(
    session: Session, *, site: Site, draft: ClosureFacts, wanted: Wanted, days: int, now: datetime
) -> ClosingOutlook:
    """What `close_days` would do; writes nothing. Raises Invalid, ListFull and TooManyToMove."""
    preview = opening.preview_closure(session, site=site, draft=draft, now=now)
    return ClosingOutlook(preview, _look(session, site, draft, wanted=wanted, days=days, now=now))


def close_days(
    session: Session,
    *,
    change_id: UUID,
    site: Site,
    draft: ClosureFacts,
    wanted: Wanted,
    days: int,
    seen: Seen | None = None,
    actor: Actor,
    now: datetime,
) -> SlotChange:
    """Add the closure; its bookings are moved where that is wanted and can be, the others cancelled.

    The same `change_id` again does nothing more. The caller has the site locked. Raises Invalid, ListFull,
    TooManyToMove, and ChangeOutdated when it would hit other than was `seen`.
    """
    slots = _slots(session, site, draft, days, now)
    members = slot_changes.lock_for_change(session, site.id, [slot.id for slot in slots], wanted, now)
    if session.get(SlotChange, change_id) is not None:
        return queries.get_change(session, change_id, site_id=site.id)
    outlook = _look(session, site, draft, wanted=wanted, days=days, now=now, members=members)
    if seen is not None and seen != Seen(len(outlook.slots), len(outlook.hit)):
        raise ChangeOutdated(slots=len(outlook.slots), bookings=len(outlook.hit))
    before = {slot.id: records.touched(slot) for slot in outlook.slots}
    moved = slot_changes.move_hit(session, outlook.hit, outlook.moves, actor=actor, now=now)
    added = opening.add_closure(session, site=site, draft=draft, actor=actor, now=now)
    change = records.add_change(
        session, change_id, site.id, wanted, closure_id=added.part.id, actor=actor, now=now
    )
    records.remember(session, change, outlook.hit, moved, wanted)
    records.remember_slots(session, change, outlook.slots, before)
    records.tell_change(session, change, bookings=len(outlook.hit), actor=actor)
    return change


def _look(
    session: Session,
    site: Site,
    draft: ClosureFacts,
    *,
    wanted: Wanted,
    days: int,
    now: datetime,
    members: set[UUID] | None = None,
) -> Outlook:
    slots = _slots(session, site, draft, days, now)
    ids = [slot.id for slot in slots]
    hit = queries.list_movers(session, ids, now=now)
    moves = {}
    if wanted.treatment is Treatment.MOVE:
        moves = slot_changes.find_moves(
            session, site.id, hit, leaving=ids, target_id=wanted.target_id, now=now, members=members
        )
    return Outlook(len(slots), slots, hit, moves)


def _slots(session: Session, site: Site, draft: ClosureFacts, days: int, now: datetime) -> list[Slot]:
    """The slots that the closure would close, by time."""

    def plan(first: date, last: date) -> Mapping[date, DayPlan]:
        as_it_is = site_queries.opening_of(session, site.id, first) or Opening(site.weekly_closing_weekday)
        return plan_days(as_it_is.with_closure(draft), first, last, calendar=known_days(session, first, last))

    access = get_site_access(session, site.id, now=now).access
    report = timetable.preview(session, site_id=site.id, access=access, plan=plan, days=days, now=now)
    return queries.list_slots(session, [slot.id for slot in report.closed])
