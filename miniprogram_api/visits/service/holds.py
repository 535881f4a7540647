"""Holds: seats kept for a member for some minutes while they fill in the form.

A hold ends by the clock: every comparison treats one that has run out as free seats, and whoever needs
those seats clears it away first. The sweep only tidies up behind that.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import SYSTEM, Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.visits.errors.bookings import (
    DayFull,
    HoldExists,
    HoldExpired,
    HoldNotExtendable,
    PartyTooLarge,
    SlotFull,
    TooManyHolds,
)
from miniprogram_api.visits.events import HoldEnded, HoldExtended, HoldPlaced
from miniprogram_api.visits.models import Hold, HoldState, PolicyVersion, Slot, SlotState
from miniprogram_api.visits.queries.alternatives import list_alternatives
from miniprogram_api.visits.queries.booking_facts import BookingFacts, get_booking_facts
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules.bookings import check_places, check_time, check_visitings, instant_text
from miniprogram_api.visits.rules.party import Party
from miniprogram_api.visits.service.constraints import told_as_refusals
from miniprogram_api.visits.service.seats import Places, Short, move_places
from miniprogram_api.visits.service.standing import lock_standings

MOST_HOLDS = 3  # of one member at once: more is no comparing any longer, and keeps others out


def place_hold(
    session: Session, *, slot_id: UUID, member_id: UUID, seats: int, actor: Actor, now: datetime
) -> Hold:
    """Keep seats of a slot for a member.

    Raises NotFound, HoldExists, TooManyHolds, PartyTooLarge, and what a booking of the slot would raise.
    """
    lock_standings(session, [member_id])
    facts = get_booking_facts(session, slot_id=slot_id, member_id=member_id, now=now)
    clear_expired(session, site_id=facts.site.id, visit_on=facts.visit_on, now=now)
    _refuse_second(session, slot_id, member_id)
    _refuse_hoarding(session, member_id, now)
    _check(session, facts, seats, now)
    taken = Places(site_id=facts.site.id, visit_on=facts.visit_on, slot_id=slot_id, held=seats)
    short = move_places(session, [taken])
    if short is not None:
        error = DayFull if short is Short.DAY else SlotFull
        raise error(left=0, alternatives=list_alternatives(session, facts, Party(seats, 0), now=now))
    hold = Hold(
        id=new_id(),
        slot_id=slot_id,
        member_id=member_id,
        seats=seats,
        state=HoldState.ACTIVE,
        expires_at=now + timedelta(minutes=facts.situation.policy.hold_minutes),
        extended=False,
        created_at=now,
    )
    session.add(hold)
    with told_as_refusals():
        session.flush()
    _tell_placed(session, hold, actor)
    return hold


def _tell_placed(session: Session, hold: Hold, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.place_hold",
        object_type="hold",
        object_id=str(hold.id),
        after={"slot_id": str(hold.slot_id), "seats": hold.seats, "state": hold.state.value},
    )
    events.publish(session, HoldPlaced(str(hold.id), str(hold.member_id), str(hold.slot_id), hold.seats))


def _refuse_second(session: Session, slot_id: UUID, member_id: UUID) -> None:
    running = select(Hold).where(
        Hold.slot_id == slot_id, Hold.member_id == member_id, Hold.state == HoldState.ACTIVE
    )
    known = session.scalars(running).one_or_none()
    if known is not None:
        raise HoldExists(hold_id=str(known.id), expires_at=instant_text(known.expires_at))


def _refuse_hoarding(session: Session, member_id: UUID, now: datetime) -> None:
    running = select(func.count()).where(
        Hold.member_id == member_id, Hold.state == HoldState.ACTIVE, Hold.expires_at > now
    )
    if session.scalars(running).one() >= MOST_HOLDS:
        raise TooManyHolds(most=MOST_HOLDS)


def _check(session: Session, facts: BookingFacts, seats: int, now: datetime) -> None:
    situation = facts.situation
    check_time(situation, now=now)
    if seats > situation.policy.party_max:
        raise PartyTooLarge(most=situation.policy.party_max)
    check_visitings(situation, now=now)
    party = Party(adults=seats, children=0)
    try:
        check_places(situation, party)
    except SlotFull as full:
        full.params["alternatives"] = list_alternatives(session, facts, party, now=now)
        raise


def extend_hold(session: Session, *, hold_id: UUID, member_id: UUID, actor: Actor, now: datetime) -> Hold:
    """Keep the seats for as long again, once. Raises NotFound, HoldExpired, HoldNotExtendable."""
    hold = _get(session, hold_id, member_id)
    if hold.state is not HoldState.ACTIVE or hold.expires_at <= now:
        raise HoldExpired
    policy = _policy_of(session, hold.slot_id)
    if hold.extended or policy.hold_extensions == 0:
        raise HoldNotExtendable
    until = hold.expires_at + timedelta(minutes=policy.hold_minutes)
    extended = (
        update(Hold)
        .where(Hold.id == hold_id, Hold.state == HoldState.ACTIVE, Hold.extended.is_(False))
        .values(extended=True, expires_at=until)
        .returning(Hold.id)
    )
    if session.scalar(extended.execution_options(synchronize_session=False)) is None:
        raise HoldNotExtendable
    audit.record(
        session,
        actor=actor,
        action="visits.extend_hold",
        object_type="hold",
        object_id=str(hold_id),
        before={"expires_at": instant_text(hold.expires_at)},
        after={"expires_at": instant_text(until)},
    )
    events.publish(session, HoldExtended(str(hold_id), str(member_id), str(hold.slot_id)))
    session.refresh(hold)
    return hold


def release_hold(session: Session, *, hold_id: UUID, member_id: UUID, actor: Actor) -> None:
    """Give the seats back. A hold that is over already stays as it is. Raises NotFound."""
    _get(session, hold_id, member_id)
    mine = select(Hold.id).where(Hold.id == hold_id)
    _end(session, mine, state=HoldState.RELEASED, actor=actor)


def release_holds_of(session: Session, *, member_id: UUID, actor: Actor) -> None:
    """Give back whatever is held for a member."""
    mine = select(Hold.id).where(Hold.member_id == member_id)
    _end(session, mine, state=HoldState.RELEASED, actor=actor)


def release_holds_at(session: Session, *, site_id: UUID, since: datetime, actor: Actor) -> int:
    """Give back what is held in closed slots of a site that begin after a moment; returns how many holds."""
    there = (
        select(Hold.id)
        .join(Slot, Slot.id == Hold.slot_id)
        .where(Slot.site_id == site_id, Slot.starts_at > since, Slot.state == SlotState.CLOSED)
    )
    return _end(session, there, state=HoldState.RELEASED, actor=actor)


def clear_expired(session: Session, *, site_id: UUID, visit_on: date | None = None, now: datetime) -> int:
    """Return the seats of holds that have run out in a day's slots, or in all; returns how many holds."""
    expired = (
        select(Hold.id)
        .join(Slot, Slot.id == Hold.slot_id)
        .where(Slot.site_id == site_id, Hold.expires_at <= now)
    )
    if visit_on is not None:
        expired = expired.where(Slot.visit_on == visit_on)
    return _end(session, expired, state=HoldState.EXPIRED, actor=SYSTEM)


def list_days_to_clear(session: Session, *, now: datetime, limit: int) -> list[tuple[UUID, date]]:
    """Sites and days that have holds to clear away."""
    days = (
        select(Slot.site_id, Slot.visit_on)
        .join(Hold, Hold.slot_id == Slot.id)
        .where(Hold.state == HoldState.ACTIVE, Hold.expires_at <= now)
        .distinct()
        .order_by(Slot.site_id, Slot.visit_on)
        .limit(limit)
    )
    return [(site_id, visit_on) for site_id, visit_on in session.execute(days)]


def _end(session: Session, which: Select[UUID], *, state: HoldState, actor: Actor) -> int:
    # In order, and waiting: who needs the seats must not look again before they are free.
    due = which.where(Hold.state == HoldState.ACTIVE).order_by(Hold.id).with_for_update(of=Hold)
    found = list(session.scalars(due))
    if not found:
        return 0
    ended = (
        update(Hold)
        .where(Hold.id.in_(found), Hold.state == HoldState.ACTIVE)
        .values(state=state)
        .returning(Hold.id, Hold.member_id, Hold.slot_id, Hold.seats)
    )
    rows = session.execute(ended.execution_options(synchronize_session=False)).all()
    seats: dict[UUID, int] = {}
    for _, _, slot_id, count in rows:
        seats[slot_id] = seats.get(slot_id, 0) + count
    move_places(session, _returned(session, seats))
    for hold_id, member_id, slot_id, count in rows:
        _tell(session, HoldEnded(str(hold_id), str(member_id), str(slot_id), count, state.value), actor)
    return len(rows)


def _returned(session: Session, seats: dict[UUID, int]) -> list[Places]:
    slots = select(Slot.id, Slot.site_id, Slot.visit_on).where(Slot.id.in_(seats))
    return [
        Places(site_id=site_id, visit_on=visit_on, slot_id=slot_id, held=-seats[slot_id])
        for slot_id, site_id, visit_on in session.execute(slots)
    ]


def _tell(session: Session, event: HoldEnded, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.end_hold",
        object_type="hold",
        object_id=event.hold_id,
        before={"state": HoldState.ACTIVE.value},
        after={"state": event.how},
    )
    events.publish(session, event)


def _get(session: Session, hold_id: UUID, member_id: UUID) -> Hold:
    mine = select(Hold).where(Hold.id == hold_id, Hold.member_id == member_id)
    hold = session.scalars(mine.execution_options(populate_existing=True)).one_or_none()
    if hold is None:
        raise NotFound
    return hold


def _policy_of(session: Session, slot_id: UUID) -> policy_rules.Policy:
    numbers = (
        select(PolicyVersion.numbers).join(Slot, Slot.policy_id == PolicyVersion.id).where(Slot.id == slot_id)
    )
    return policy_rules.from_numbers(session.scalars(numbers).one())
