"""Making slots from a site's opening, closing booked time, and the policy of a site, on a real database."""

from collections.abc import Callable, Generator
from datetime import date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import events, workdays
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites import consequences
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.models import Closure, ClosureKind, Lifecycle, Overlay, Site
from miniprogram_api.sites.rules import ClosureFacts, OpeningRuleFacts
from miniprogram_api.sites.service import opening
from miniprogram_api.visits import jobs
from miniprogram_api.visits.availability import SlotConsequences
from miniprogram_api.visits.errors.slots import CapacityBelowTaken, SlotExists, SlotInClosure, SlotStarted
from miniprogram_api.visits.models import Booking, DayCap, PolicyVersion, Slot, SlotState, Ticket
from miniprogram_api.visits.rules.policy import DEFAULT, from_numbers
from miniprogram_api.visits.rules.slots import WITHDRAWN, Access
from miniprogram_api.visits.service import calling_off, policies, slots, timetable
from miniprogram_api.visits.service.slots import NewSlot
from miniprogram_api.visits.service.timetable import Report
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import make_booking, make_slot
from tests.support.races import locked_elsewhere
from tests.support.statements import statements

TAKES_BOOKINGS = Access(bookable=True)
WEDNESDAY = date(2026, 11, 25)
WED_TO_SUN = frozenset({3, 4, 5, 6, 7})


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BEIJING)


@pytest.fixture(autouse=True)
def _connected(app: Flask) -> Generator[None]:
    before = consequences.current()
    consequences.use(SlotConsequences(days=14))
    yield
    consequences.use(before)


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


def add_rule(site_id: UUID, clock: Clock, **values: Any) -> UUID:
    """A rule of the site, Wednesday to Sunday from nine to four by the hour unless told otherwise."""
    defaults: dict[str, Any] = {
        "id": new_id(),
        "weekdays": WED_TO_SUN,
        "opens_minute": 9 * 60,
        "closes_minute": 16 * 60,
        "slot_minutes": 60,
        "capacity": 20,
    }
    draft = OpeningRuleFacts(**defaults | values)
    with atomic() as session:
        opening.save_rule(
            session, site=session.get_one(Site, site_id), draft=draft, actor=SYSTEM, now=clock.now
        )
    return draft.id


def closure(first_on: date, last_on: date | None = None, **values: Any) -> ClosureFacts:
    defaults: dict[str, Any] = {
        "id": new_id(),
        "kind": ClosureKind.CLOSED,
        "first_on": first_on,
        "last_on": last_on or first_on,
        "reason_code": "maintenance",
        "public_text": "设备检修",
    }
    return ClosureFacts(**defaults | values)


def close(site_id: UUID, draft: ClosureFacts, clock: Clock) -> dict[str, Any]:
    with atomic() as session:
        site = session.get_one(Site, site_id)
        change = opening.add_closure(session, site=site, draft=draft, actor=SYSTEM, now=clock.now)
        return change.consequences


def lift(site_id: UUID, closure_id: UUID, clock: Clock) -> None:
    with atomic() as session:
        site, part = session.get_one(Site, site_id), session.get_one(Closure, closure_id)
        opening.lift_closure(session, site=site, closure=part, actor=SYSTEM, now=clock.now)


def materialise(site_id: UUID, clock: Clock, *, days: int = 14, access: Access = TAKES_BOOKINGS) -> Report:
    with atomic() as session:
        return timetable.materialise(
            session, site_id=site_id, access=access, days=days, actor=SYSTEM, now=clock.now
        )


def preview(site_id: UUID, clock: Clock, *, days: int = 14) -> Report:
    with reading() as session:
        return timetable.preview(
            session,
            site_id=site_id,
            access=TAKES_BOOKINGS,
            plan=lambda first, last: site_queries.opening_days(session, site_id, first, last),
            days=days,
            now=clock.now,
        )


def all_slots(site_id: UUID) -> list[Slot]:
    with reading() as session:
        return list(session.scalars(select(Slot).where(Slot.site_id == site_id).order_by(Slot.starts_at)))


def starts(site_id: UUID) -> list[datetime]:
    return [slot.starts_at for slot in all_slots(site_id)]


def slot_at(site_id: UUID, starts_at: datetime) -> Slot:
    return next(slot for slot in all_slots(site_id) if slot.starts_at == starts_at)


def published(name: str) -> list[dict[str, Any]]:
    with reading() as session:
        return list(session.scalars(select(EventRow.payload).where(EventRow.name == name)))


def book(slot: Slot, **values: Any) -> Booking:
    with atomic() as session:
        return make_booking(session, session.get_one(Slot, slot.id), **values)


def test_a_rule_gives_exactly_its_slots_for_a_fortnight(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)

    days = [date(2026, 11, 23) + timedelta(days=n) for n in range(15)]
    expected = [at(day, hour) for day in days if day.isoweekday() in WED_TO_SUN for hour in range(9, 16)]
    assert starts(site.id) == expected


def test_making_slots_again_adds_none(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    before = [slot.id for slot in all_slots(site.id)]

    report = materialise(site.id, clock)

    assert (report.made, report.removed, report.altered) == ([], [], [])
    assert [slot.id for slot in all_slots(site.id)] == before


def test_a_slot_carries_the_moments_of_its_policy(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    slot = slot_at(site.id, at(WEDNESDAY, 9))

    assert slot.releases_at == at(date(2026, 11, 18), 18)
    assert slot.books_until == at(WEDNESDAY, 8)
    assert (slot.capacity, slot.booked, slot.held) == (20, 0, 0)


def test_the_next_day_brings_the_next_slots(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    clock.advance(days=2)

    report = materialise(site.id, clock)

    assert {slot.visit_on for slot in report.made} == {date(2026, 12, 9)}


def test_a_preview_shows_what_would_be_made_and_makes_nothing(site: Site, clock: Clock) -> None:
    consequences.use(consequences.NoConsequences())
    add_rule(site.id, clock)

    shown = preview(site.id, clock)

    assert all_slots(site.id) == []
    assert [wish.starts_at for wish in shown.made] == [
        wish.starts_at for wish in materialise(site.id, clock).made
    ]
    assert starts(site.id) == [wish.starts_at for wish in shown.made]


def test_a_site_that_takes_no_bookings_gets_no_slots(site: Site, clock: Clock) -> None:
    consequences.use(consequences.NoConsequences())
    add_rule(site.id, clock)

    assert materialise(site.id, clock, access=Access(bookable=False)).made == []
    assert all_slots(site.id) == []


def test_under_review_slots_are_made_for_fourteen_days_only(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        reviewed = make_site(session, lifecycle=Lifecycle.RE_REVIEW)
    consequences.use(SlotConsequences(days=30))

    add_rule(reviewed.id, clock)

    assert max(slot.visit_on for slot in all_slots(reviewed.id)) == date(2026, 12, 6)


def test_new_hours_replace_free_slots_and_keep_booked_ones(site: Site, clock: Clock) -> None:
    rule_id = add_rule(site.id, clock)
    booked = slot_at(site.id, at(WEDNESDAY, 9))
    booking = book(booked)

    add_rule(site.id, clock, id=rule_id, opens_minute=13 * 60)

    wednesday = [slot for slot in all_slots(site.id) if slot.visit_on == WEDNESDAY]
    assert [slot.starts_at.astimezone(BEIJING).hour for slot in wednesday] == [9, 13, 14, 15]
    assert (wednesday[0].id, wednesday[0].closed_reason) == (booked.id, WITHDRAWN)
    with reading() as session:
        assert session.get_one(Booking, booking.id).status == "confirmed"


def test_a_preview_of_new_hours_names_the_booked_slots_they_hit(site: Site, clock: Clock) -> None:
    rule_id = add_rule(site.id, clock)
    booked = slot_at(site.id, at(WEDNESDAY, 9))
    book(booked)
    before = all_slots(site.id)

    with reading() as session:
        draft = OpeningRuleFacts(
            id=rule_id,
            weekdays=WED_TO_SUN,
            opens_minute=13 * 60,
            closes_minute=16 * 60,
            slot_minutes=60,
            capacity=20,
        )
        found = session.get_one(Site, site.id)
        shown = opening.preview_rule(session, site=found, draft=draft, now=clock.now).consequences

    assert [slot["id"] for slot in shown["hit"]] == [str(booked.id)]
    assert shown["bookings_hit"] == 1
    [named] = shown["hit_bookings"]["bookings"]
    assert (named["slot_id"], shown["hit_bookings"]["bookings_total"]) == (str(booked.id), 1)
    assert len(shown["removed"]) == 4 * 10 - 1
    assert [slot.id for slot in all_slots(site.id)] == [slot.id for slot in before]


def test_a_slot_edited_by_hand_survives_its_rule(site: Site, clock: Clock) -> None:
    rule_id = add_rule(site.id, clock)
    edited = slot_at(site.id, at(WEDNESDAY, 9))
    with atomic() as session:
        slots.edit_capacity(
            session,
            site_id=site.id,
            slot_id=edited.id,
            changes={"capacity": 3},
            actor=SYSTEM,
            now=clock.now,
        )

    add_rule(site.id, clock, id=rule_id, opens_minute=13 * 60)

    assert slot_at(site.id, at(WEDNESDAY, 9)).capacity == 3


def test_closing_a_day_closes_its_slots_and_cancels_their_bookings(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock, day_capacity=50, wheelchair_capacity=2)
    booked = slot_at(site.id, at(WEDNESDAY, 9))
    booking = book(booked, adults=2, children=1, wheelchairs=1)

    done = close(site.id, closure(WEDNESDAY), clock)

    assert done["called_off"]["bookings_total"] == 1
    wednesday = [slot for slot in all_slots(site.id) if slot.visit_on == WEDNESDAY]
    assert {(slot.state, slot.closed_reason, slot.closed_text) for slot in wednesday} == {
        (SlotState.CLOSED, "maintenance", "设备检修")
    }
    freed = slot_at(site.id, at(WEDNESDAY, 9))
    assert (freed.booked, freed.children_booked, freed.wheelchairs_booked) == (0, 0, 0)
    with reading() as session:
        found = session.get_one(Booking, booking.id)
        assert (found.status, found.cancelled_by, found.cancel_reason) == ("cancelled", "site", "设备检修")
        assert found.calendar_sequence == booking.calendar_sequence + 1
        states = session.scalars(select(Ticket.state).where(Ticket.booking_id == booking.id))
        assert set(states) == {"revoked"}
        assert session.get_one(DayCap, (site.id, WEDNESDAY)).booked == 0


def test_closing_tells_of_each_booking_once(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    bookings = [book(slot_at(site.id, at(WEDNESDAY, hour))) for hour in (9, 10)]
    close(site.id, closure(WEDNESDAY), clock)

    materialise(site.id, clock)
    while events.drain():
        pass

    told = published("visits.visit_cancelled_by_site")
    assert sorted(event["booking_id"] for event in told) == sorted(str(booking.id) for booking in bookings)
    with reading() as session:
        trail = session.scalars(select(AuditRow.object_id).where(AuditRow.action == "visits.cancel_by_site"))
        assert sorted(trail) == sorted(str(booking.id) for booking in bookings)


def test_a_preview_of_a_closing_lists_the_bookings_and_changes_nothing(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    booking = book(slot_at(site.id, at(WEDNESDAY, 9)))

    with reading() as session:
        found = session.get_one(Site, site.id)
        shown = opening.preview_closure(
            session, site=found, draft=closure(WEDNESDAY), now=clock.now
        ).consequences

    assert [hit["number"] for hit in shown["called_off"]["bookings"]] == [booking.number]
    assert len(shown["closed"]) == 7
    assert slot_at(site.id, at(WEDNESDAY, 9)).state is SlotState.OPEN


def test_closing_hours_leaves_the_rest_of_the_day(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    kept = book(slot_at(site.id, at(WEDNESDAY, 14)))

    close(site.id, closure(WEDNESDAY, from_minute=9 * 60, to_minute=11 * 60 + 30), clock)

    wednesday = [slot for slot in all_slots(site.id) if slot.visit_on == WEDNESDAY]
    closed = [slot.starts_at.astimezone(BEIJING).hour for slot in wednesday if slot.state is SlotState.CLOSED]
    assert closed == [9, 10, 11]
    with reading() as session:
        assert session.get_one(Booking, kept.id).status == "confirmed"


def test_a_day_closed_before_its_slots_exist_gets_them_closed(site: Site, clock: Clock) -> None:
    close(site.id, closure(WEDNESDAY), clock)
    add_rule(site.id, clock)

    wednesday = [slot for slot in all_slots(site.id) if slot.visit_on == WEDNESDAY]
    assert len(wednesday) == 7
    assert {slot.state for slot in wednesday} == {SlotState.CLOSED}


def test_lifting_a_closure_opens_the_day_again(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    draft = closure(WEDNESDAY)
    cancelled = book(slot_at(site.id, at(WEDNESDAY, 9)))
    close(site.id, draft, clock)

    lift(site.id, draft.id, clock)

    wednesday = [slot for slot in all_slots(site.id) if slot.visit_on == WEDNESDAY]
    assert {(slot.state, slot.closed_reason, slot.closure_id, slot.amnesty) for slot in wednesday} == {
        (SlotState.OPEN, None, None, False)
    }
    with reading() as session:
        assert session.get_one(Booking, cancelled.id).status == "cancelled"


def test_a_special_opening_adds_its_slots(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    tuesday = date(2026, 11, 24)
    special = closure(
        tuesday,
        kind=ClosureKind.SPECIAL_OPENING,
        from_minute=18 * 60,
        to_minute=20 * 60,
        slot_minutes=60,
        capacity=5,
    )

    close(site.id, special, clock)

    added = [slot for slot in all_slots(site.id) if slot.visit_on == tuesday]
    assert [(slot.starts_at, slot.capacity) for slot in added] == [(at(tuesday, 18), 5), (at(tuesday, 19), 5)]


def test_many_bookings_are_cancelled_in_batches(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    slot = slot_at(site.id, at(WEDNESDAY, 9))
    for _ in range(5):
        book(slot)
    with atomic() as session:
        found = session.get_one(Slot, slot.id)
        found.state, found.edited = SlotState.CLOSED, True
        found.closed_reason, found.closed_text = "weather", "暴雪"

    with atomic() as session:
        first = calling_off.call_off(session, site_id=site.id, actor=SYSTEM, now=clock.now, limit=2)
    while events.drain():
        pass

    assert (first.cancelled, first.more) == (2, True)
    assert len(published("visits.visit_cancelled_by_site")) == 5
    assert slot_at(site.id, at(WEDNESDAY, 9)).booked == 0


def test_who_is_inside_already_is_not_called_off(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    inside = book(slot_at(site.id, at(WEDNESDAY, 9)), status="partly_admitted", adults=2, admitted=1)

    close(site.id, closure(WEDNESDAY), clock)

    with reading() as session:
        assert session.get_one(Booking, inside.id).status == "partly_admitted"


def test_day_caps_follow_the_rules_and_count_what_is_taken(site: Site, clock: Clock) -> None:
    rule_id = add_rule(site.id, clock)
    book(slot_at(site.id, at(WEDNESDAY, 9)), adults=4)

    add_rule(site.id, clock, id=rule_id, day_capacity=60)
    with reading() as session:
        cap = session.get_one(DayCap, (site.id, WEDNESDAY))
        assert (cap.capacity, cap.booked) == (60, 4)

    add_rule(site.id, clock, id=rule_id, day_capacity=3)
    with reading() as session:
        assert session.get_one(DayCap, (site.id, WEDNESDAY)).capacity == 4

    add_rule(site.id, clock, id=rule_id)
    with reading() as session:
        assert session.scalars(select(DayCap)).all() == []


def test_a_day_of_a_year_not_gazetted_is_provisional_until_it_is(site: Site, clock: Clock) -> None:
    clock.set(at(date(2099, 1, 5), 10))
    add_rule(site.id, clock, weekdays=frozenset(range(1, 8)))
    assert {slot.provisional for slot in all_slots(site.id)} == {True}

    with atomic() as session:
        workdays.gazette_year(
            session, year=2099, rest_days={}, make_up_days=[], source="国办发明电〔2098〕1号", actor=SYSTEM
        )
    materialise(site.id, clock)

    assert {slot.provisional for slot in all_slots(site.id)} == {False}


def test_closed_monday_moves_behind_a_statutory_holiday(app: Flask, clock: Clock) -> None:
    """National Day 2026: Monday 5 October is a holiday, so the site opens and closes on Thursday the 8th."""
    clock.set(at(date(2026, 9, 28), 10))
    with atomic() as session:
        museum = make_site(session, weekly_closing_weekday=1)
    add_rule(museum.id, clock, weekdays=frozenset(range(1, 8)))

    open_days = {slot.visit_on for slot in all_slots(museum.id)}

    assert date(2026, 10, 5) in open_days
    assert date(2026, 10, 8) not in open_days
    assert date(2026, 9, 28) not in open_days


def at_once(app: Flask, *tasks: Callable[[], object]) -> list[BaseException]:
    """Run the tasks on threads that start together; answers what they raised."""
    barrier = Barrier(len(tasks))
    raised: list[BaseException] = []

    def run(task: Callable[[], object]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                task()
            except BaseException as error:
                raised.append(error)
            finally:
                db.session.remove()

    threads = [Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_workers_at_once_make_each_slot_once(app: Flask, site: Site, clock: Clock) -> None:
    consequences.use(consequences.NoConsequences())
    add_rule(site.id, clock)
    reports: list[Report] = []

    raised = at_once(app, *[lambda: reports.append(materialise(site.id, clock))] * 4)

    assert raised == []
    assert len(starts(site.id)) == len(set(starts(site.id))) == 70
    with reading() as session:
        assert len(session.scalars(select(PolicyVersion)).all()) == 1


def test_the_sweep_makes_slots_of_every_open_site_and_no_other(app: Flask, clock: Clock) -> None:
    consequences.use(consequences.NoConsequences())
    with atomic() as session:
        open_site = make_site(session)
        preparing = make_site(session, overlay=Overlay.PREPARING)
        withdrawn = make_site(session, lifecycle=Lifecycle.WITHDRAWN)
    for one in (open_site, preparing, withdrawn):
        add_rule(one.id, clock)

    jobs.make_slots()

    assert all_slots(open_site.id)
    assert all_slots(preparing.id) == all_slots(withdrawn.id) == []


def test_a_sweep_with_nothing_to_do_only_reads(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    jobs.make_slots()

    with statements() as sent:
        jobs.make_slots()

    assert {statement.split()[0] for statement in sent} == {"SELECT"}


@pytest.mark.parametrize("slot_minutes", [420, 30])
def test_making_and_altering_slots_takes_few_statements_however_many_they_are(
    site: Site, clock: Clock, slot_minutes: int
) -> None:
    consequences.use(consequences.NoConsequences())
    rule_id = add_rule(site.id, clock, slot_minutes=slot_minutes)

    with statements() as making:
        materialise(site.id, clock)
    add_rule(site.id, clock, id=rule_id, slot_minutes=slot_minutes, capacity=7)
    with statements() as altering:
        materialise(site.id, clock)

    assert max(len(making), len(altering)) <= 25


def test_a_special_slot_is_added_once_and_left_alone(site: Site, clock: Clock) -> None:
    def add(session: Session) -> Slot:
        return slots.add_slot(
            session,
            site_id=site.id,
            wanted=NewSlot(
                starts_at=at(WEDNESDAY, 19),
                ends_at=at(WEDNESDAY, 20),
                capacity=8,
                wheelchair_capacity=1,
                sign_language_capacity=1,
            ),
            actor=SYSTEM,
            now=clock.now,
        )

    with atomic() as session:
        added = add(session)
    with pytest.raises(SlotExists), atomic() as session:
        add(session)
    materialise(site.id, clock)

    assert [slot.id for slot in all_slots(site.id)] == [added.id]
    assert added.releases_at == DEFAULT.releases_at(WEDNESDAY)
    assert (added.wheelchair_capacity, added.sign_language_capacity) == (1, 1)


def test_capacity_never_falls_below_what_is_taken(site: Site, clock: Clock) -> None:
    with atomic() as session:
        slot = make_slot(session, site.id, booked=5, held=2, child_capacity=4, children_booked=3)

    def edit(**changes: int | None) -> Slot:
        with atomic() as session:
            return slots.edit_capacity(
                session, site_id=site.id, slot_id=slot.id, changes=changes, actor=SYSTEM, now=clock.now
            )

    with pytest.raises(CapacityBelowTaken) as too_few:
        edit(capacity=6)
    with pytest.raises(CapacityBelowTaken) as too_few_children:
        edit(capacity=7, child_capacity=2)

    assert too_few.value.params == {"field": "capacity", "taken": 7}
    assert too_few_children.value.params == {"field": "child_capacity", "taken": 3}
    assert edit(capacity=7, child_capacity=None).capacity == 7


def test_a_slot_closed_by_hand_cancels_its_bookings_and_reopens(site: Site, clock: Clock) -> None:
    with atomic() as session:
        slot = make_slot(session, site.id)
    booking = book(slot)

    def close_it() -> int:
        with atomic() as session:
            return slots.close_slot(
                session,
                site_id=site.id,
                slot_id=slot.id,
                reason_code="event",
                public_text="包场",
                actor=SYSTEM,
                now=clock.now,
            ).cancelled

    assert [close_it(), close_it()] == [1, 0]
    with reading() as session:
        assert session.get_one(Booking, booking.id).cancel_reason == "包场"
    with atomic() as session:
        slots.reopen_slot(session, site_id=site.id, slot_id=slot.id, actor=SYSTEM, now=clock.now)
    assert all_slots(site.id)[0].state is SlotState.OPEN


def test_closing_leaves_a_booking_that_somebody_is_changing_to_the_next_batch(
    site: Site, clock: Clock
) -> None:
    with atomic() as session:
        slot = make_slot(session, site.id)
    changing, other = book(slot), book(slot)

    def close_it() -> calling_off.Batch:
        with atomic() as session:
            return slots.close_slot(
                session,
                site_id=site.id,
                slot_id=slot.id,
                reason_code="event",
                public_text="包场",
                actor=SYSTEM,
                now=clock.now,
            )

    with locked_elsewhere("visits_bookings", changing.id) as waits:
        assert close_it() == calling_off.Batch(1 if waits else 2, more=waits)
    with atomic() as session:
        calling_off.call_off(session, site_id=site.id, actor=SYSTEM, now=clock.now)
    with reading() as session:
        states = [session.get_one(Booking, booking.id).status for booking in (changing, other)]
        assert states == ["cancelled", "cancelled"]
        told = session.scalars(select(EventRow.name).where(EventRow.name == "visits.cancelling_continues"))
        assert len(told.all()) == int(waits)


def test_a_slot_of_a_closure_is_not_reopened_by_hand(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    close(site.id, closure(WEDNESDAY), clock)
    slot = slot_at(site.id, at(WEDNESDAY, 9))

    with pytest.raises(SlotInClosure), atomic() as session:
        slots.reopen_slot(session, site_id=site.id, slot_id=slot.id, actor=SYSTEM, now=clock.now)


def test_a_slot_that_has_begun_is_not_changed(site: Site, clock: Clock) -> None:
    with atomic() as session:
        slot = make_slot(session, site.id)
    clock.set(slot.starts_at)

    with pytest.raises(SlotStarted), atomic() as session:
        slots.edit_capacity(
            session, site_id=site.id, slot_id=slot.id, changes={"capacity": 9}, actor=SYSTEM, now=clock.now
        )


def test_a_new_policy_moves_the_slots_of_its_days(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    booked = slot_at(site.id, at(date(2026, 11, 28), 9))
    book(booked)
    policy = from_numbers({"window_days": 2, "notice_minutes": 0})

    with atomic() as session:
        outlook = policies.change_policy(
            session,
            site_id=site.id,
            policy=policy,
            effective_on=date(2026, 11, 28),
            actor=SYSTEM,
            now=clock.now,
        )

    ruled = [slot for slot in all_slots(site.id) if slot.visit_on >= date(2026, 11, 28)]
    assert (outlook.version, outlook.slots, outlook.slots_taken) == (2, len(ruled), 1)
    moved, kept = slot_at(site.id, at(date(2026, 11, 28), 10)), slot_at(site.id, booked.starts_at)
    before = slot_at(site.id, at(date(2026, 11, 27), 10))
    assert moved.releases_at == at(date(2026, 11, 26), 18)
    assert moved.books_until == moved.starts_at
    assert kept.releases_at == booked.releases_at
    assert kept.policy_id == moved.policy_id != before.policy_id
    assert materialise(site.id, clock).altered == []


def test_a_preview_of_a_policy_changes_nothing(site: Site, clock: Clock) -> None:
    add_rule(site.id, clock)
    with reading() as session:
        outlook = policies.preview_policy(
            session,
            site_id=site.id,
            policy=from_numbers({"window_days": 2}),
            effective_on=date(2026, 11, 23),
            now=clock.now,
        )

    assert (outlook.version, outlook.slots) == (2, len(all_slots(site.id)))
    with reading() as session:
        assert policies.find_policy(session, site.id, date(2026, 11, 23)) == DEFAULT
