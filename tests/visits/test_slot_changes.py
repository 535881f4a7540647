"""Changing many slots at once, with their bookings kept, moved or cancelled, and taking it back."""

from collections.abc import Callable, Generator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import Actor, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import Invalid, NotFound
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.messaging.models import Message
from miniprogram_api.operations import invariants
from miniprogram_api.sites import consequences
from miniprogram_api.sites.models import Closure, ClosureKind, OpeningRule, Site
from miniprogram_api.sites.rules import ClosureFacts
from miniprogram_api.visits.availability import SlotConsequences
from miniprogram_api.visits.errors.slots import ChangeOutdated, NothingToChange, TooManyToMove, UndoOver
from miniprogram_api.visits.events import VisitBooked
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    ChangedBooking,
    DayCap,
    Outcome,
    Slot,
    SlotAct,
    SlotChange,
    SlotState,
    Ticket,
    TicketState,
    Treatment,
    Visitor,
)
from miniprogram_api.visits.queries import slot_changes as queries
from miniprogram_api.visits.rules.slot_choice import SlotChoice, Wanted
from miniprogram_api.visits.rules.slots import WITHDRAWN
from miniprogram_api.visits.service import closing_days, slot_change_records, slot_change_undo, slot_changes
from miniprogram_api.visits.service.slot_changes import MOST_MOVED, Outlook, Seen
from tests.conftest import Clock
from tests.factories.members import make_member
from tests.factories.sites import make_opening_rule, make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.booking import Visitor as BookingMember
from tests.support.booking import reconcile
from tests.support.statements import statements

WEDNESDAY = date(2026, 11, 25)
STAFF = Actor(kind="staff", id="s-1")
CLOSE = {"act": SlotAct.CLOSE, "reason_code": "maintenance", "public_text": "设备检修"}


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def horizon() -> Generator[None]:
    before = consequences.current()
    consequences.use(SlotConsequences(days=14))
    yield
    consequences.use(before)


def add_slot(site: Site, *, day: int = 0, hour: int = 0, **values: Any) -> Slot:
    with atomic() as session:
        starts_at = WEDNESDAY_AT_NINE + timedelta(days=day, hours=hour)
        return make_slot(session, site.id, starts_at=starts_at, **values)


def add_booking(slot: Slot, **values: Any) -> Booking:
    with atomic() as session:
        member_id = values.pop("member_id", None) or make_member(session).id
        return make_booking(session, session.get_one(Slot, slot.id), member_id=member_id, **values)


def choice(**values: Any) -> SlotChoice:
    return SlotChoice(**{"first": WEDNESDAY, "last": WEDNESDAY} | values)


def look(site: Site, clock: Clock, wanted: Wanted, chosen: SlotChoice | None = None) -> Outlook:
    with reading() as session:
        return slot_changes.preview_change(
            session, site_id=site.id, choice=chosen or choice(), wanted=wanted, now=clock.now
        )


def change(
    site: Site,
    clock: Clock,
    wanted: Wanted,
    chosen: SlotChoice | None = None,
    *,
    change_id: UUID | None = None,
    seen: Seen | None = None,
) -> SlotChange:
    with atomic() as session:
        return slot_changes.change_slots(
            session,
            change_id=change_id or new_id(),
            site_id=site.id,
            choice=chosen or choice(),
            wanted=wanted,
            seen=seen,
            actor=STAFF,
            now=clock.now,
        )


def undo(site: Site, clock: Clock, change_id: UUID) -> SlotChange:
    with atomic() as session:
        return slot_change_undo.undo_change(
            session, site=session.get_one(Site, site.id), change_id=change_id, actor=STAFF, now=clock.now
        )


def slot_now(slot: Slot) -> Slot:
    with reading() as session:
        return session.get_one(Slot, slot.id)


def booking_now(booking: Booking) -> Booking:
    with reading() as session:
        return session.get_one(Booking, booking.id)


def outcomes(change: SlotChange) -> dict[UUID, Outcome | None]:
    with reading() as session:
        rows = session.scalars(select(ChangedBooking).where(ChangedBooking.change_id == change.id))
        return {row.booking_id: row.outcome for row in rows}


def told() -> list[str]:
    events.drain()
    with reading() as session:
        return list(session.scalars(select(Message.title).order_by(Message.created_at, Message.id)))


def broken() -> list[str]:
    """Every invariant that does not hold; the factory's bookings have no trail of having been made."""
    with reading() as session:
        found = invariants.check(session)
    with reading() as session:
        told = select(EventRow.payload["booking_id"].as_string()).where(EventRow.name == VisitBooked.name)
        booked = set(session.scalars(told))
        made = {str(found) for found in session.scalars(select(Booking.id))} - booked
    silent = "Every change of a booking has its audit row and its event."
    return [
        f"{invariant.sentence}: {rows}"
        for invariant, rows in found
        if rows and not (invariant.sentence == silent and set(rows) <= made)
    ]


class TestChoosing:
    @pytest.mark.parametrize(
        ("narrowed", "hours"),
        [
            ({}, [0, 1, 2, 24]),
            ({"last": WEDNESDAY}, [0, 1, 2]),
            ({"weekdays": frozenset({4})}, [24]),
            ({"from_minute": 600}, [1, 2]),
            ({"to_minute": 600}, [0, 24]),
            ({"state": "closed"}, [2]),
            ({"state": "open", "from_minute": 600}, [1]),
        ],
    )
    def test_days_weekdays_times_and_state_narrow_what_is_chosen(
        self, site: Site, clock: Clock, narrowed: dict[str, Any], hours: list[int]
    ) -> None:
        for hour in (0, 1):
            add_slot(site, hour=hour)
        add_slot(site, hour=2, state=SlotState.CLOSED, closed_reason="weather")
        add_slot(site, day=1)
        wanted = SlotChoice(**{"first": WEDNESDAY, "last": WEDNESDAY + timedelta(days=1)} | narrowed)
        with reading() as session:
            found = queries.list_chosen(session, site.id, wanted, now=clock.now)
        assert [(slot.starts_at - WEDNESDAY_AT_NINE) // timedelta(hours=1) for slot in found] == hours

    def test_slots_of_another_site_and_those_begun_are_never_chosen(self, site: Site, clock: Clock) -> None:
        with atomic() as session:
            other = make_site(session)
        add_slot(other)
        slot = add_slot(site)
        clock.set(slot.starts_at)
        assert look(site, clock, Wanted(**CLOSE)).chosen == 0

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"last": WEDNESDAY - timedelta(days=1)}, "last"),
            ({"last": WEDNESDAY + timedelta(days=400)}, "last"),
            ({"weekdays": frozenset()}, "weekdays"),
            ({"from_minute": 600, "to_minute": 600}, "to_minute"),
        ],
    )
    def test_a_choice_that_makes_no_sense_names_its_field(
        self, site: Site, clock: Clock, changes: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            look(site, clock, Wanted(**CLOSE), choice(**changes))
        assert [error.field for error in refused.value.fields] == [field]

    @pytest.mark.parametrize(
        ("wanted", "fields"),
        [
            (Wanted(act=SlotAct.CAPACITY), ["capacity"]),
            (Wanted(act=SlotAct.CAPACITY, capacity=0), ["capacity"]),
            (Wanted(act=SlotAct.CLOSE), ["public_text", "reason_code"]),
        ],
    )
    def test_a_change_needs_its_values(
        self, site: Site, clock: Clock, wanted: Wanted, fields: list[str]
    ) -> None:
        with pytest.raises(Invalid) as refused:
            look(site, clock, wanted)
        assert [error.field for error in refused.value.fields] == fields


class TestCapacity:
    def test_all_chosen_slots_get_the_seats(self, site: Site, clock: Clock) -> None:
        slots = [add_slot(site, hour=hour) for hour in range(3)]
        done = change(site, clock, Wanted(act=SlotAct.CAPACITY, capacity=35))
        assert [slot_now(slot).capacity for slot in slots] == [35, 35, 35]
        assert all(slot_now(slot).edited for slot in slots)
        assert len(done.slots) == 3

    def test_where_bookings_are_kept_the_seats_taken_stay(self, site: Site, clock: Clock) -> None:
        slot = add_slot(site)
        booking = add_booking(slot, adults=5)
        wanted = Wanted(act=SlotAct.CAPACITY, capacity=3, treatment=Treatment.KEEP)
        assert look(site, clock, wanted).seats == 5
        change(site, clock, wanted)
        assert slot_now(slot).capacity == 5
        assert booking_now(booking).status is BookingStatus.CONFIRMED

    def test_who_booked_last_makes_room_first(self, site: Site, clock: Clock) -> None:
        slot = add_slot(site)
        first = add_booking(slot, adults=2, created_at=clock.now - timedelta(hours=2))
        last = add_booking(slot, adults=2, created_at=clock.now - timedelta(hours=1))
        wanted = Wanted(act=SlotAct.CAPACITY, capacity=3, treatment=Treatment.CANCEL, public_text="限流")
        change(site, clock, wanted)
        assert booking_now(first).status is BookingStatus.CONFIRMED
        assert (booking_now(last).status, booking_now(last).cancel_reason) == (
            BookingStatus.CANCELLED,
            "限流",
        )
        assert slot_now(slot).capacity == 3
        assert told() == ["您的预约已被示范点取消"]
        assert reconcile() == []


class TestClosing:
    def test_a_preview_is_what_happens_and_changes_nothing(self, site: Site, clock: Clock) -> None:
        slots = [add_slot(site, hour=hour) for hour in range(3)]
        for slot in slots[:2]:
            add_booking(slot, adults=2)
        add_booking(slots[0], adults=3, member_id=None, contact_phone_index=b"1")
        wanted = Wanted(**CLOSE)
        shown = look(site, clock, wanted)
        assert (len(shown.slots), len(shown.hit), shown.seats) == (3, 3, 7)
        assert all(slot_now(slot).state is SlotState.OPEN for slot in slots)
        done = change(site, clock, wanted, seen=Seen(3, 3))
        assert len(done.slots) == 3
        assert len(outcomes(done)) == 3
        assert reconcile() == []

    def test_cancelled_bookings_are_told_of_once_however_often_it_is_sent(
        self, site: Site, clock: Clock
    ) -> None:
        slot = add_slot(site)
        booking = add_booking(slot)
        first = change(site, clock, Wanted(**CLOSE))
        again = change(site, clock, Wanted(**CLOSE), change_id=first.id)
        assert again.id == first.id
        assert booking_now(booking).status is BookingStatus.CANCELLED
        assert told() == ["您的预约已被示范点取消"]
        with pytest.raises(NothingToChange):
            change(site, clock, Wanted(**CLOSE))

    def test_kept_bookings_still_visit_and_nobody_else_can_book(
        self, app: Flask, site: Site, clock: Clock
    ) -> None:
        busy, free = add_slot(site), add_slot(site, hour=1)
        booking = add_booking(busy)
        change(site, clock, Wanted(**CLOSE, treatment=Treatment.KEEP))
        assert booking_now(booking).status is BookingStatus.CONFIRMED
        assert (slot_now(busy).closed_reason, slot_now(free).closed_reason) == (WITHDRAWN, "maintenance")
        assert BookingMember(app).book(busy.id).status_code == 409
        timetable_again(site, clock)
        assert booking_now(booking).status is BookingStatus.CONFIRMED
        assert told() == []

    def test_what_is_no_longer_as_it_was_shown_is_shown_again(self, site: Site, clock: Clock) -> None:
        slot = add_slot(site)
        add_booking(slot)
        with pytest.raises(ChangeOutdated) as refused:
            change(site, clock, Wanted(**CLOSE), seen=Seen(1, 0))
        assert refused.value.params == {"slots": 1, "bookings": 1}
        assert slot_now(slot).state is SlotState.OPEN

    def test_a_change_of_another_site_is_not_found(self, site: Site, clock: Clock) -> None:
        add_slot(site)
        done = change(site, clock, Wanted(**CLOSE))
        with atomic() as session:
            other = make_site(session)
        add_slot(other)
        with pytest.raises(NotFound):
            change(other, clock, Wanted(**CLOSE), change_id=done.id)
        with pytest.raises(NotFound):
            undo(other, clock, done.id)

    def test_each_slot_and_the_change_leave_a_trail(self, site: Site, clock: Clock) -> None:
        for hour in range(3):
            add_booking(add_slot(site, hour=hour))
        done = change(site, clock, Wanted(**CLOSE))
        undo(site, clock, done.id)
        with reading() as session:
            actions = session.execute(select(AuditRow.action, func.count()).group_by(AuditRow.action))
            trail = {action: count for action, count in actions if action.startswith("visits.")}
            facts = session.execute(select(EventRow.name, func.count()).group_by(EventRow.name))
            published = {name: int(total) for name, total in facts}
        assert trail == {
            "visits.slot_closed": 3,
            "visits.change_slots": 1,
            "visits.cancel_by_site": 3,
            "visits.slot_change_undone": 3,
            "visits.undo_slot_change": 1,
            "visits.restore": 3,
        }
        assert published["visits.slot_changed"] == 6
        assert published["visits.slots_changed"] == 2
        assert published["visits.visit_restored"] == 3


def timetable_again(site: Site, clock: Clock) -> None:
    from miniprogram_api.visits import jobs

    jobs.make_slots()
    events.drain()


class TestMoving:
    def test_parties_go_to_the_next_slots_with_room_and_keep_their_numbers(
        self, site: Site, clock: Clock
    ) -> None:
        old = add_slot(site)
        small, large = add_slot(site, hour=2, capacity=2), add_slot(site, day=1)
        pair, four = add_booking(old, adults=2), add_booking(old, adults=4)
        wanted = Wanted(**CLOSE, treatment=Treatment.MOVE)
        chosen = choice(to_minute=600)
        shown = look(site, clock, wanted, chosen)
        assert {booking: room.slot_id for booking, room in shown.moves.items()} == {
            pair.id: small.id,
            four.id: large.id,
        }
        change(site, clock, wanted, chosen)
        assert (booking_now(pair).slot_id, booking_now(four).slot_id) == (small.id, large.id)
        assert booking_now(four).visit_on == large.visit_on
        assert booking_now(pair).number == pair.number
        assert slot_now(old).booked == 0
        assert told() == ["您的参观时间已改期"] * 2
        assert reconcile() == []

    def test_slots_that_a_change_remembers_stay_when_the_hours_drop_them(
        self, site: Site, clock: Clock
    ) -> None:
        with atomic() as session:
            rule = make_opening_rule(session, site.id, capacity=3).id
        timetable_again(site, clock)
        with reading() as session:
            day = select(Slot).where(Slot.visit_on == WEDNESDAY).order_by(Slot.starts_at)
            old, new, unused, *_ = session.scalars(day).all()
        booking = add_booking(old)
        done = change(site, clock, Wanted(**CLOSE, treatment=Treatment.MOVE), choice(ids=frozenset({old.id})))
        assert booking_now(booking).slot_id == new.id
        undo(site, clock, done.id)
        while events.drain():
            pass
        assert booking_now(booking).slot_id == old.id
        with atomic() as session:
            session.get_one(OpeningRule, rule).retired_at = clock.now
        timetable_again(site, clock)
        with reading() as session:
            left = {slot.id: slot.closed_reason for slot in session.scalars(select(Slot))}
        assert left == {old.id: WITHDRAWN, new.id: WITHDRAWN}
        assert unused.id not in left

    def test_the_text_names_both_times_and_the_reason(self, site: Site, clock: Clock) -> None:
        old = add_slot(site)
        add_slot(site, hour=2)
        add_booking(old, number="B-1")
        change(site, clock, Wanted(**CLOSE, treatment=Treatment.MOVE), choice(to_minute=600))
        events.drain()
        with reading() as session:
            body = session.scalars(select(Message.body)).one()
        assert body == (
            "南湖低碳示范点（示例）已把您11月25日（周三）09:00–10:00的参观改到11月25日（周三）11:00–12:00，"
            "预约单 B-1 不变，原入场码已更新。原因：设备检修。"
            "如果新的时间不方便，您可以在小程序里改期或取消。"
        )

    def test_a_chosen_slot_takes_who_fits_and_the_rest_is_kept_or_cancelled(
        self, site: Site, clock: Clock
    ) -> None:
        old, target = add_slot(site), add_slot(site, hour=2, capacity=3)
        add_slot(site, hour=4)
        first = add_booking(old, adults=3, created_at=clock.now - timedelta(hours=2))
        second = add_booking(old, adults=2, created_at=clock.now - timedelta(hours=1))
        wanted = Wanted(**CLOSE, treatment=Treatment.MOVE, rest=Treatment.CANCEL, target_id=target.id)
        change(site, clock, wanted, choice(to_minute=600))
        assert booking_now(first).slot_id == target.id
        assert booking_now(second).status is BookingStatus.CANCELLED
        assert slot_now(old).closed_reason == "maintenance"
        assert reconcile() == []

    def test_who_finds_no_slot_is_kept_where_that_is_wanted(self, site: Site, clock: Clock) -> None:
        old = add_slot(site)
        booking = add_booking(old)
        shown = look(site, clock, Wanted(**CLOSE, treatment=Treatment.MOVE))
        assert [mover.id for mover in shown.staying] == [booking.id]
        change(site, clock, Wanted(**CLOSE, treatment=Treatment.MOVE, rest=Treatment.KEEP))
        assert booking_now(booking).status is BookingStatus.CONFIRMED
        assert slot_now(old).closed_reason == WITHDRAWN

    def test_nobody_gets_two_visits_on_a_day_or_at_a_time(self, site: Site, clock: Clock) -> None:
        with atomic() as session:
            elsewhere = make_site(session)
            alice, bob = make_member(session).id, make_member(session).id
        old, thursday, friday = add_slot(site), add_slot(site, day=1), add_slot(site, day=2)
        add_booking(thursday, member_id=alice)
        add_booking(add_slot(elsewhere, day=1), member_id=bob)
        moved = [add_booking(old, member_id=member_id) for member_id in (alice, bob)]
        change(site, clock, Wanted(**CLOSE, treatment=Treatment.MOVE))
        assert [booking_now(booking).slot_id for booking in moved] == [friday.id, friday.id]
        assert broken() == []

    def test_a_day_with_a_cap_takes_no_more_than_that(self, site: Site, clock: Clock) -> None:
        old, thursday, friday = add_slot(site), add_slot(site, day=1), add_slot(site, day=2)
        with atomic() as session:
            session.add(DayCap(site_id=site.id, visit_on=thursday.visit_on, capacity=2, booked=0))
        bookings = [add_booking(old, adults=2) for _ in range(2)]
        change(site, clock, Wanted(**CLOSE, treatment=Treatment.MOVE))
        assert {booking_now(booking).slot_id for booking in bookings} == {thursday.id, friday.id}
        assert reconcile() == []

    def test_what_is_shown_takes_no_more_statements_for_more_bookings(self, site: Site, clock: Clock) -> None:
        old = add_slot(site, capacity=100)
        add_slot(site, day=1, capacity=100)
        wanted, counts = Wanted(**CLOSE, treatment=Treatment.MOVE), []
        for bookings in (3, 40):
            for _ in range(bookings):
                add_booking(old)
            with statements() as sent:
                look(site, clock, wanted)
            counts.append(len(sent))
        assert counts[0] == counts[1] <= 8

    def test_too_many_at_once_are_refused_before_anything_changes(
        self, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(slot_changes, "MOST_MOVED", 1)
        old = add_slot(site)
        for _ in range(2):
            add_booking(old)
        with pytest.raises(TooManyToMove):
            change(site, clock, Wanted(**CLOSE, treatment=Treatment.MOVE))
        assert slot_now(old).state is SlotState.OPEN
        assert MOST_MOVED == 300


class TestReopening:
    def test_closed_slots_sell_again_but_not_those_in_a_closure(
        self, site: Site, clock: Clock, horizon: None
    ) -> None:
        by_hand = add_slot(site, state=SlotState.CLOSED, closed_reason="weather")
        with atomic() as session:
            closure = Closure(
                id=new_id(),
                site_id=site.id,
                kind=ClosureKind.CLOSED,
                first_on=WEDNESDAY,
                last_on=WEDNESDAY,
                reason_code="weather",
                public_text="大雪",
                amnesty=True,
                created_at=clock.now,
            )
            session.add(closure)
        in_closure = add_slot(
            site, hour=2, state=SlotState.CLOSED, closed_reason="weather", closure_id=closure.id
        )
        done = change(site, clock, Wanted(act=SlotAct.REOPEN))
        assert slot_now(by_hand).state is SlotState.OPEN
        assert slot_now(in_closure).state is SlotState.CLOSED
        undo(site, clock, done.id)
        assert (slot_now(by_hand).state, slot_now(by_hand).closed_reason) == (SlotState.CLOSED, "weather")

    def test_taking_it_back_leaves_what_has_sold_open(self, site: Site, clock: Clock) -> None:
        slot = add_slot(site, state=SlotState.CLOSED, closed_reason="weather")
        done = change(site, clock, Wanted(act=SlotAct.REOPEN))
        add_booking(slot)
        undo(site, clock, done.id)
        assert slot_now(slot).state is SlotState.OPEN


class TestUndoing:
    def test_slots_and_cancelled_bookings_come_back_and_people_are_told(
        self, app: Flask, site: Site, clock: Clock
    ) -> None:
        slot, member = add_slot(site, capacity=7), BookingMember(app)
        shown = member.booked(slot.id, 2)
        code = shown["ticket"]["short_code"]
        before = slot_now(slot)
        done = change(site, clock, Wanted(**CLOSE))
        assert member.get(f"/api/v1/bookings/{shown['id']}").get_json()["status"] == "cancelled"
        undo(site, clock, done.id)
        again = member.get(f"/api/v1/bookings/{shown['id']}").get_json()
        assert (again["status"], again["number"]) == ("confirmed", shown["number"])
        assert again["ticket"]["short_code"] != code
        after = slot_now(slot)
        for name in slot_change_records.TOUCHED:
            assert getattr(after, name) == getattr(before, name), name
        assert after.booked == 2
        assert told() == ["您的预约已被示范点取消", "您的参观照常进行"]
        assert set(outcomes(done).values()) == {Outcome.RESTORED}
        assert reconcile() == []
        assert broken() == []

    def test_pressed_twice_it_does_the_same(self, site: Site, clock: Clock) -> None:
        booking = add_booking(add_slot(site))
        done = change(site, clock, Wanted(**CLOSE))
        first, second = undo(site, clock, done.id), undo(site, clock, done.id)
        assert (first.undone_at, first.id) == (second.undone_at, second.id)
        assert booking_now(booking).revision == 2
        assert told() == ["您的预约已被示范点取消", "您的参观照常进行"]

    def test_a_visit_cancelled_again_is_told_of_again(self, site: Site, clock: Clock) -> None:
        add_booking(add_slot(site))
        undo(site, clock, change(site, clock, Wanted(**CLOSE)).id)
        events.drain()
        change(site, clock, Wanted(**CLOSE))
        assert told().count("您的预约已被示范点取消") == 2

    def test_moved_parties_go_back(self, site: Site, clock: Clock) -> None:
        old, new = add_slot(site), add_slot(site, day=1)
        booking = add_booking(old, adults=3)
        done = change(site, clock, Wanted(**CLOSE, treatment=Treatment.MOVE))
        assert booking_now(booking).slot_id == new.id
        undo(site, clock, done.id)
        back = booking_now(booking)
        assert (back.slot_id, back.visit_on, back.starts_at) == (old.id, old.visit_on, old.starts_at)
        assert (slot_now(old).booked, slot_now(new).booked) == (3, 0)
        assert told() == ["您的参观时间已改期", "您的参观时间已恢复"]
        assert broken() == []

    def test_seats_that_others_have_taken_stay_theirs(self, app: Flask, site: Site, clock: Clock) -> None:
        slot = add_slot(site, capacity=3)
        booking = add_booking(slot, adults=2)
        done = change(site, clock, Wanted(**CLOSE))
        with atomic() as session:
            session.get_one(Slot, slot.id).state = SlotState.OPEN
        assert BookingMember(app).book(slot.id, 2).status_code == 201
        undo(site, clock, done.id)
        assert outcomes(done) == {booking.id: Outcome.FULL}
        assert booking_now(booking).status is BookingStatus.CANCELLED
        assert reconcile() == []

    def test_what_people_did_meanwhile_stays(self, app: Flask, site: Site, clock: Clock) -> None:
        old, thursday = add_slot(site), add_slot(site, day=1)
        mover, canceller, rebooker = (BookingMember(app) for _ in range(3))
        ids = {member: UUID(member.booked(old.id)["id"]) for member in (mover, canceller, rebooker)}
        done = change(site, clock, Wanted(**CLOSE, treatment=Treatment.MOVE))
        friday = add_slot(site, day=2)
        assert mover.move(ids[mover], friday.id).status_code == 200
        assert canceller.cancel(ids[canceller]).status_code == 200
        assert booking_now_of(ids[rebooker]).slot_id == thursday.id
        undo(site, clock, done.id)
        assert outcomes(done) == {
            ids[mover]: Outcome.CHANGED,
            ids[canceller]: Outcome.CHANGED,
            ids[rebooker]: Outcome.RESTORED,
        }
        assert broken() == []

    def test_who_has_another_visit_by_now_is_named(self, app: Flask, site: Site, clock: Clock) -> None:
        morning, noon = add_slot(site), add_slot(site, hour=3)
        member = BookingMember(app)
        booked = UUID(member.booked(morning.id)["id"])
        done = change(site, clock, Wanted(**CLOSE), choice(to_minute=600))
        assert member.book(noon.id).status_code == 201
        undo(site, clock, done.id)
        assert outcomes(done) == {booked: Outcome.OTHER_VISIT}
        assert broken() == []

    def test_slots_that_were_changed_again_stay_as_they_are(self, site: Site, clock: Clock) -> None:
        slots = [add_slot(site, hour=hour) for hour in range(2)]
        done = change(site, clock, Wanted(act=SlotAct.CAPACITY, capacity=30))
        change(site, clock, Wanted(act=SlotAct.CAPACITY, capacity=40), choice(ids=frozenset({slots[0].id})))
        undo(site, clock, done.id)
        assert [slot_now(slot).capacity for slot in slots] == [40, 20]

    def test_fewer_seats_never_come_back_below_what_is_taken(self, site: Site, clock: Clock) -> None:
        slot = add_slot(site, capacity=2)
        done = change(site, clock, Wanted(act=SlotAct.CAPACITY, capacity=9))
        add_booking(slot, adults=5)
        undo(site, clock, done.id)
        assert slot_now(slot).capacity == 5

    def test_named_visitors_have_their_day_again_but_not_who_had_dropped_out(
        self, site: Site, clock: Clock
    ) -> None:
        booking = add_booking(add_slot(site), adults=2)
        with atomic() as session:
            for index, active in ((b"a", True), (b"b", False)):
                session.add(
                    Visitor(
                        id=new_id(),
                        booking_id=booking.id,
                        site_id=site.id,
                        visit_on=booking.visit_on,
                        active=active,
                        id_type="resident_id",
                        person_index=index * 32,
                    )
                )
        done = change(site, clock, Wanted(**CLOSE))
        undo(site, clock, done.id)
        with reading() as session:
            named = session.scalars(select(Visitor).order_by(Visitor.person_index))
            assert [visitor.active for visitor in named] == [True, False]

    def test_after_half_an_hour_it_is_too_late(self, site: Site, clock: Clock) -> None:
        add_slot(site)
        done = change(site, clock, Wanted(**CLOSE))
        clock.set(done.undo_until)
        with pytest.raises(UndoOver):
            undo(site, clock, done.id)

    def test_many_bookings_come_back_batch_by_batch(
        self, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(slot_change_undo, "BATCH", 2)
        slot = add_slot(site)
        bookings = [add_booking(slot) for _ in range(5)]
        done = change(site, clock, Wanted(**CLOSE))
        undo(site, clock, done.id)
        assert list(outcomes(done).values()).count(None) == 3
        while events.drain():
            pass
        assert set(outcomes(done).values()) == {Outcome.RESTORED}
        assert all(booking_now(booking).status is BookingStatus.CONFIRMED for booking in bookings)
        with reading() as session:
            current = select(func.count()).where(Ticket.state == TicketState.CURRENT)
            assert session.scalar(current) == 5
        assert reconcile() == []

    def test_bookings_that_were_not_yet_cancelled_count_as_restored(
        self, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slot = add_slot(site)
        bookings = [add_booking(slot) for _ in range(3)]
        call_off = slot_changes.call_off
        monkeypatch.setattr(
            slot_changes, "call_off", lambda *args, **kwargs: call_off(*args, **kwargs | {"limit": 1})
        )
        done = change(site, clock, Wanted(**CLOSE))
        undo(site, clock, done.id)
        events.drain()
        assert set(outcomes(done).values()) == {Outcome.RESTORED}
        assert all(booking_now(booking).status is BookingStatus.CONFIRMED for booking in bookings)
        assert reconcile() == []


def booking_now_of(booking_id: UUID) -> Booking:
    with reading() as session:
        return session.get_one(Booking, booking_id)


class TestClosingDays:
    @pytest.fixture
    def days(self, site: Site, clock: Clock, horizon: None) -> Callable[..., SlotChange]:
        with atomic() as session:
            make_opening_rule(session, site.id, slot_minutes=210)
            consequences.current().apply(session, site.id, now=clock.now, actor=STAFF)

        def close(**wanted: Any) -> SlotChange:
            with atomic() as session:
                return closing_days.close_days(
                    session,
                    change_id=wanted.pop("change_id", None) or new_id(),
                    site=session.get_one(Site, site.id),
                    draft=draft(),
                    wanted=Wanted(act=SlotAct.CLOSE_DAYS, public_text="设备检修", **wanted),
                    days=14,
                    seen=None,
                    actor=STAFF,
                    now=clock.now,
                )

        return close

    def slots_of(self, site: Site, on: date) -> list[Slot]:
        with reading() as session:
            mine = select(Slot).where(Slot.site_id == site.id, Slot.visit_on == on)
            return list(session.scalars(mine.order_by(Slot.starts_at)))

    def test_bookings_of_closed_days_are_moved_or_cancelled(
        self, site: Site, clock: Clock, days: Callable[..., SlotChange]
    ) -> None:
        wednesday, thursday = (self.slots_of(site, WEDNESDAY + timedelta(days=n)) for n in range(2))
        moved, stuck = add_booking(wednesday[0], adults=4), add_booking(wednesday[1], adults=4)
        with atomic() as session:
            session.query(Slot).filter(Slot.visit_on > WEDNESDAY).update({"capacity": 1})
            session.get_one(Slot, thursday[0].id).capacity = 5
        with reading() as session:
            shown = closing_days.preview_closing(
                session,
                site=session.get_one(Site, site.id),
                draft=draft(),
                wanted=Wanted(act=SlotAct.CLOSE_DAYS, treatment=Treatment.MOVE, rest=Treatment.CANCEL),
                days=14,
                now=clock.now,
            )
        assert (len(shown.outlook.slots), len(shown.outlook.hit)) == (2, 2)
        assert [change.on for change in shown.opening.days] == [WEDNESDAY]
        days(treatment=Treatment.MOVE, rest=Treatment.CANCEL)
        assert booking_now(moved).slot_id == thursday[0].id
        assert booking_now(stuck).status is BookingStatus.CANCELLED
        assert {slot.state for slot in self.slots_of(site, WEDNESDAY)} == {SlotState.CLOSED}
        assert sorted(told()) == sorted(["您的参观时间已改期", "您的预约已被示范点取消"])
        assert broken() == []

    def test_taking_it_back_lifts_the_closure_and_restores_the_bookings(
        self, site: Site, clock: Clock, days: Callable[..., SlotChange]
    ) -> None:
        slot = self.slots_of(site, WEDNESDAY)[0]
        booking = add_booking(slot)
        done = days(treatment=Treatment.CANCEL)
        undo(site, clock, done.id)
        assert booking_now(booking).status is BookingStatus.CONFIRMED
        assert {slot.state for slot in self.slots_of(site, WEDNESDAY)} == {SlotState.OPEN}
        with reading() as session:
            assert session.get_one(Closure, done.closure_id).lifted_at is not None
        assert undo(site, clock, done.id).undone_at == clock.now
        assert broken() == []

    def test_the_same_closure_sent_twice_is_one(
        self, site: Site, clock: Clock, days: Callable[..., SlotChange]
    ) -> None:
        first = days(treatment=Treatment.CANCEL)
        assert days(treatment=Treatment.CANCEL, change_id=first.id).id == first.id
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(Closure)) == 1


def draft() -> ClosureFacts:
    return ClosureFacts(
        id=new_id(),
        kind=ClosureKind.CLOSED,
        first_on=WEDNESDAY,
        last_on=WEDNESDAY,
        reason_code="maintenance",
        public_text="设备检修",
    )
