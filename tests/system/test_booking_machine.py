"""Whatever members, a gate, a manager and the clock do: the answers are the model's, and all adds up."""

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import ColumnElement, and_, delete, select
from werkzeug.test import TestResponse

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import BEIJING, beijing_date
from miniprogram_api.kernel.db import Model, atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.operations import invariants
from miniprogram_api.registry.jobs_withdrawals import resume_withdrawals
from miniprogram_api.registry.service.taking_over import Outcome
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.jobs_bookings import clear_expired_holds
from miniprogram_api.visits.jobs_gate import mark_no_shows
from miniprogram_api.visits.models import DayCap, Slot
from miniprogram_api.visits.queries.booking_facts import BookingFacts
from miniprogram_api.visits.rules import bookings as booking_rules
from miniprogram_api.visits.rules.bookings import Situation
from miniprogram_api.visits.rules.party import Party
from miniprogram_api.visits.service import booking_guards, booking_sql
from miniprogram_api.visits.service.holds import MOST_HOLDS
from miniprogram_api.web import prepared
from tests.conftest import Clock
from tests.factories.gate import Gate
from tests.factories.registry import change, taken
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import Visitor
from tests.support.booking_model import HOLD, UNDO, City, Entry, Held, Place, Visit
from tests.support.clients import BearerClient
from tests.support.races import without_check

T = TypeVar("T")
LONG = "FUZZ_LONG" in os.environ
MEMBERS = 6
DAY_CAP = 9
PLENTY = 1000
TUESDAY_AT_TEN = WEDNESDAY_AT_NINE - timedelta(hours=23)
WATCHED = ("I1", "I2", "I2-day", "I3", "I4", "I5", "I6", "I8", "I13", "I13-overlap", "I15")
_KEPT = {"kernel_heartbeat", "kernel_audit_head"}

members = st.integers(0, MEMBERS - 1)
picks = st.integers(0, 999)
some = st.integers(1, 4)
parties = st.sampled_from([(1, 0), (2, 0), (2, 1), (1, 2), (3, 1), (4, 0), (1, 3)])
odd_parties = st.sampled_from([(0, 1), (1, 4), (3, 3), (6, 0)])
openings = st.lists(st.tuples(picks, parties), min_size=MEMBERS, max_size=MEMBERS)


def picked(items: Sequence[T], pick: int) -> T:
    return items[pick % len(items)]


class Unlimited:
    """Limits of rate have tests of their own, and a machine is quicker than a person."""

    spare_loopback = True

    def hit(self, *_: object, **__: object) -> None:
        pass


class BookingMachine(RuleBasedStateMachine):
    app: Flask
    clock: Clock

    @initialize(hours=st.sampled_from([0, 11]), opening=openings)
    def open_the_city(self, hours: int, opening: list[tuple[int, tuple[int, int]]]) -> None:
        """Slots on Wednesday and Thursday at home, one on Wednesday away, and who has booked by now."""
        _forget_everything()
        self.now = TUESDAY_AT_TEN + timedelta(hours=hours)
        self.clock.set(self.now)
        with atomic() as session:
            home, away = make_site(session), make_site(session)
            policy = make_policy(session, home.id, entry_before_minutes=24 * 60)
            wednesday, two, day = WEDNESDAY_AT_NINE, timedelta(hours=2), timedelta(days=1)
            slots = [
                make_slot(session, home.id, starts_at=wednesday, policy=policy, capacity=6),
                make_slot(session, home.id, starts_at=wednesday + two, policy=policy, capacity=4),
                make_slot(
                    session, home.id, starts_at=wednesday + day, policy=policy, capacity=5, child_capacity=2
                ),
                make_slot(session, away.id, starts_at=wednesday, minutes=150, capacity=3),
            ]
            session.add(DayCap(site_id=home.id, visit_on=slots[0].visit_on, capacity=DAY_CAP, booked=0))
            self.home = home.id
            places = [_place(slot, at_home=slot.site_id == home.id) for slot in slots]
        self.city = City(places, {places[0].on: DAY_CAP})
        self.members = [Visitor(self.app) for _ in range(MEMBERS)]
        self.gate = Gate(self.app, self.home)
        self.manager = BearerClient(self.app, signed_in(Role.SITE_MANAGER, site_id=self.home))
        self.sent: list[tuple[Callable[[], TestResponse], datetime, TestResponse]] = []
        for member, (place, party) in enumerate(opening):
            self._book(member, picked(self.city.places, place), *party)

    # Members

    @rule(member=members, place=picks, party=parties)
    def book(self, member: int, place: int, party: tuple[int, int]) -> None:
        self._book(member, picked(self.city.places, place), *party)

    @rule(member=members, place=picks, party=odd_parties)
    def book_oddly(self, member: int, place: int, party: tuple[int, int]) -> None:
        self._book(member, picked(self.city.places, place), *party)

    @precondition(lambda self: self.city.holds)
    @rule(pick=picks, party=parties)
    def book_what_is_held(self, pick: int, party: tuple[int, int]) -> None:
        held = picked(self.city.holds, pick)
        self._book(held.member, held.place, *party, hold=True)

    def _book(self, member: int, slot: Place, adults: int, children: int, *, hold: bool = False) -> None:
        own = self._hold_of(member, slot) if hold else None
        why = self._why_not(member, slot, seats=adults + children, children=children, own=own)
        why |= self.city.why_not_party(adults, children)
        more = {"hold_id": own.id} if own else {}
        key = str(new_id())

        def send() -> TestResponse:
            return self.members[member].book(slot.id, adults, children, key=key, **more)

        answer = self._sent(send)
        if not self._refused(answer, why):
            assert answer.status_code == 201, answer.text
            told = answer.get_json()
            self.city.visits.append(
                Visit(told["id"], member, slot, adults, children, [told["ticket"]["code"]])
            )
            if own:
                own.ended = True

    @rule(member=members, place=picks, seats=some)
    def hold(self, member: int, place: int, seats: int) -> None:
        slot = picked(self.city.places, place)
        why = self._why_not(member, slot, seats=seats, children=0)
        if self._hold_of(member, slot):
            why.add("visits.hold_exists")
        if sum(held.member == member and held.lives(self.now) for held in self.city.holds) >= MOST_HOLDS:
            why.add("visits.too_many_holds")
        key = str(new_id())
        answer = self._sent(lambda: self.members[member].hold(slot.id, seats, key=key))
        if not self._refused(answer, why):
            assert answer.status_code == 201, answer.text
            self.city.holds.append(Held(answer.get_json()["id"], member, slot, seats, self.now + HOLD))

    @precondition(lambda self: self.city.holds)
    @rule(pick=picks)
    def extend_hold(self, pick: int) -> None:
        held = picked(self.city.holds, pick)
        answer = self.members[held.member].post(f"/api/v1/holds/{held.id}/extend")
        over = set() if held.lives(self.now) else {"visits.hold_expired"}
        if not self._refused(answer, over | ({"visits.hold_not_extendable"} if held.extended else set())):
            held.until, held.extended = held.until + HOLD, True

    @precondition(lambda self: self.city.holds)
    @rule(pick=picks)
    def release_hold(self, pick: int) -> None:
        held = picked(self.city.holds, pick)
        assert self.members[held.member].delete(f"/api/v1/holds/{held.id}").status_code == 204
        held.ended = True

    @precondition(lambda self: self.city.visits)
    @rule(pick=picks, seats=st.none() | some)
    def cancel(self, pick: int, seats: int | None) -> None:
        visit = picked(self.city.visits, pick)
        if seats is not None and seats > visit.seats:
            return
        # Children drop out first where only a number is said.
        young = min(seats or 0, visit.children)
        grown = (seats or 0) - young
        partly = seats is not None and seats < visit.seats
        why = self._why_fixed(visit, "visits.cancel_too_late")
        if partly:
            why |= self.city.why_not_party(visit.adults - grown, visit.children - young)
        body = {} if seats is None else {"seats": seats}
        answer = self.members[visit.member].cancel(visit.id, **body)
        if self._refused(answer, why):
            return
        if partly:
            visit.adults, visit.children = visit.adults - grown, visit.children - young
            visit.codes.append(answer.get_json()["ticket"]["code"])
            return
        visit.status = "cancelled"
        if self.now >= visit.free_until:
            self.city.strike(visit, 1)

    @precondition(lambda self: self.city.visits)
    @rule(pick=picks, place=picks)
    def reschedule(self, pick: int, place: int) -> None:
        visit, slot = picked(self.city.visits, pick), picked(self.city.places, place)
        why = self._why_fixed(visit, "visits.change_too_late")
        if slot is visit.place:
            why.add("visits.same_slot")
        elif slot.at_home != visit.place.at_home:
            why.add("visits.other_site")
        why |= self._why_not(
            visit.member, slot, seats=visit.seats, children=visit.children, leaving=visit
        ) | self.city.why_not_party(visit.adults, visit.children)
        answer = self.members[visit.member].move(visit.id, slot.id)
        if not self._refused(answer, why):
            if self.now >= visit.free_until:
                self.city.strike(visit, 1)
            visit.place = slot
            visit.codes.append(answer.get_json()["ticket"]["code"])

    @precondition(lambda self: self.sent)
    @rule(pick=picks)
    def send_again(self, pick: int) -> None:
        send, at, first = picked(self.sent, pick)
        if first.status_code == 201 and self.now < at + timedelta(hours=24):
            again = send()
            assert (again.status_code, again.get_json()) == (201, first.get_json())

    # The site

    @precondition(lambda self: self.city.visits)
    @rule(pick=picks, code=picks, seats=st.none() | some, twice=st.booleans())
    def scan(self, pick: int, code: int, seats: int | None, twice: bool) -> None:
        visit = picked(self.city.visits, pick)
        shown = visit.codes[-1] if code % 3 else picked(visit.codes, code)
        expected = self.city.scan_result(visit, shown, self.now)
        body = {"code": shown, "nonce": new_id().hex} | ({} if seats is None else {"seats": seats})
        answer = self.gate.send("scans", **body)
        remaining = visit.seats - visit.admitted
        too_many = expected == "ok" and seats is not None and seats > remaining
        if self._refused(answer, {"visits.heads_exceed_remaining"} if too_many else set()):
            return
        told = answer.get_json()
        assert told["result"] == expected, told
        if expected == "too_late":
            visit.seen_over.add(shown)
        if expected == "ok":
            self._let_in(visit, told, remaining if seats is None else seats)
        if twice:
            assert self.gate.send("scans", **body).get_json() == told

    def _let_in(self, visit: Visit, told: dict[str, Any], heads: int) -> None:
        visit.admitted += heads
        visit.status = "admitted" if visit.admitted == visit.seats else "partly_admitted"
        left = visit.seats - visit.admitted
        assert (told["admitted_now"], told["admitted"], told["remaining"]) == (heads, visit.admitted, left)
        self.city.entries.append(Entry(told["id"], visit, heads, self.now))

    @precondition(lambda self: self.city.entries)
    @rule(pick=picks)
    def undo(self, pick: int) -> None:
        entry = picked(self.city.entries, pick)
        why = {"visits.scan_already_undone"} if entry.undone else set()
        if self.now > entry.at + UNDO:
            why.add("visits.undo_too_late")
        if not self._refused(self.gate.undo(entry.id), why):
            entry.undone = True
            entry.visit.admitted -= entry.seats
            entry.visit.status = "partly_admitted" if entry.visit.admitted else "confirmed"

    @precondition(lambda self: not any(slot.closed for slot in self.city.places))
    @rule(place=picks)
    def close_a_day(self, place: int) -> None:
        self._set_closed(place, closed=True)

    @precondition(lambda self: any(slot.closed for slot in self.city.places))
    @rule(place=picks)
    def reopen_a_day(self, place: int) -> None:
        self._set_closed(place, closed=False)

    def _set_closed(self, place: int, *, closed: bool) -> None:
        on = picked([slot for slot in self.city.places if slot.at_home], place).on
        why = {"reason_code": "weather", "public_text": "大风"} if closed else {}
        for slot in self.city.places:
            if slot.on != on or not slot.at_home:
                continue
            path = f"/api/staff/v1/sites/{self.home}/slots/{slot.id}"
            answer = self.manager.patch(path, json={"state": "closed" if closed else "open"} | why)
            begun = {"visits.slot_started"} if self.now >= slot.starts else set()
            if not self._refused(answer, begun):
                slot.closed = closed
                self._call_off(slot)

    def _call_off(self, slot: Place) -> None:
        for visit in self.city.visits:
            if slot.closed and visit.place is slot and visit.status == "confirmed":
                visit.status = "cancelled"

    # The registry

    @precondition(lambda self: not any(slot.withdrawn for slot in self.city.places))
    @rule(chance=picks)
    def withdraw_the_other_site(self, chance: int) -> None:
        """Now and then, and of the two sites the one that the rest can do without."""
        if chance % 3:
            return
        told = {"effective_at": self.now.isoformat(), "reason_code": "failed", "doc_no": None}
        with atomic() as session:
            project_id = session.scalars(select(Site.project_id).where(Site.id != self.home)).one()
            record = change(project_id, 2, lifecycle="withdrawn", withdrawal=told)
            assert taken(session, record, now=self.now) is Outcome.APPLIED
        resume_withdrawals()
        for slot in self.city.places:
            if not slot.at_home:
                self.city.withdraw(slot, self.now)

    # Time

    @rule(minutes=st.sampled_from([1, 11, 60, 12 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.clock.set(self.now)
        for member in self.members:
            member.sign_in()
        self.manager.token = signed_in(Role.SITE_MANAGER, site_id=self.home)

    @rule()
    def sweeps_run(self) -> None:
        clear_expired_holds()
        mark_no_shows()
        self.city.settle(self.now)

    # What must be true after each of them

    @invariant()
    def all_adds_up(self) -> None:
        with reading() as session:
            broken = {
                invariant.code: found
                for invariant in invariants.INVARIANTS
                if invariant.code in WATCHED and (found := list(invariant.violations(session)))
            }
            counters = {str(row.id): row.booked for row in session.scalars(select(Slot))}
        assert broken == {}
        assert counters == {slot.id: self.city.booked(slot) for slot in self.city.places}

    @precondition(lambda self: self.city.visits)
    @rule(place=picks, pick=picks)
    def look(self, place: int, pick: int) -> None:
        """The public sees the places there are until it begins, and a member their booking as it is."""
        prepared.forget()
        slot, visit = picked(self.city.places, place), picked(self.city.visits, pick)
        answer = self.members[0].get(f"/api/v1/slots/{slot.id}")
        left, day_left = self.city.left(slot, self.now), self.city.day_left(slot, self.now)
        if slot.withdrawn:
            assert (answer.status_code, answer.get_json()["code"]) == (410, "sites.withdrawn")
        elif slot.starts <= self.now:
            assert answer.get_json()["left"] == 0
        else:
            assert answer.get_json()["left"] == (left if day_left is None else min(left, day_left))
        told = self.members[visit.member].get(f"/api/v1/bookings/{visit.id}").get_json()
        assert (told["status"], told["seats"]) == (visit.status, visit.seats)

    def _why_not(
        self,
        member: int,
        place: Place,
        *,
        seats: int,
        children: int,
        own: Held | None = None,
        leaving: Visit | None = None,
    ) -> set[str]:
        return (
            self.city.why_not_time(place, self.now)
            | self.city.why_not_member(member, place, leaving)
            | self.city.why_no_room(place, self.now, seats=seats, children=children, own=own, leaving=leaving)
        )

    def _why_fixed(self, visit: Visit, late: str) -> set[str]:
        found = set() if visit.status == "confirmed" else {"visits.booking_not_active"}
        return found | ({late} if self.now >= visit.place.starts else set())

    def _hold_of(self, member: int, place: Place) -> Held | None:
        mine = [held for held in self.city.holds if held.member == member and held.place is place]
        return next((held for held in mine if held.lives(self.now)), None)

    def _sent(self, send: Callable[[], TestResponse]) -> TestResponse:
        answer = send()
        self.sent.append((send, self.now, answer))
        return answer

    @staticmethod
    def _refused(answer: TestResponse, why: set[str]) -> bool:
        """Refused for one of the reasons there are, and only when there is one."""
        if not why:
            assert answer.status_code < 400, answer.text
            return False
        assert answer.status_code == 409, (answer.text, why)
        assert answer.get_json()["code"] in why, (answer.get_json()["code"], why)
        return True


def _place(slot: Slot, *, at_home: bool) -> Place:
    return Place(
        id=str(slot.id),
        at_home=at_home,
        on=beijing_date(slot.starts_at),
        starts=slot.starts_at.astimezone(BEIJING),
        ends=slot.ends_at.astimezone(BEIJING),
        capacity=slot.capacity,
        child_capacity=slot.child_capacity,
    )


def _forget_everything() -> None:
    """Each example starts from nothing, so that what one broke is not found by the next."""
    with atomic() as session:
        for table in reversed(Model.metadata.sorted_tables):
            if table.name not in _KEPT:
                session.execute(delete(table))


def run(app: Flask, clock: Clock, *, examples: int, steps: int) -> None:
    app.extensions["limiter"] = Unlimited()
    machine = type("Machine", (BookingMachine,), {"app": app, "clock": clock})
    phases = [Phase.explicit, Phase.generate] + ([Phase.shrink] if LONG else [])
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=not LONG,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_booking_is_as_the_model_says(app: Flask, clock: Clock, on_postgres: bool) -> None:
    run(app, clock, examples=300 if LONG else 20 if on_postgres else 30, steps=50 if LONG else 25)


@pytest.fixture
def unguarded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Nobody asks whether a slot has seats for a party: not the rules, not the UPDATE, not the CHECK."""
    check_places, slot_has_room = booking_rules.check_places, booking_guards.slot_has_room

    def check_without_seats(situation: Situation, party: Party) -> None:
        check_places(replace(situation, slot=replace(situation.slot, left=PLENTY)), party)

    def room_without_seats() -> ColumnElement[bool]:
        conditions = slot_has_room().get_children()
        return and_(*(asked for asked in conditions if "visits_slots.held" not in str(asked)))

    monkeypatch.setattr(booking_rules, "check_places", check_without_seats)
    monkeypatch.setattr(BookingFacts, "needs_clearing", lambda _facts, _seats: False)
    monkeypatch.setattr(booking_guards, "slot_has_room", room_without_seats)
    _forget_statements()
    with without_check("visits_slots", "ck_visits_slots_seats", repair="TRUNCATE visits_slots CASCADE"):
        yield
    _forget_statements()


def _forget_statements() -> None:
    """They are built once, and kept."""
    booking_guards.on_its_own.cache_clear()
    booking_sql._statement.cache_clear()


@pytest.mark.usefixtures("unguarded")
def test_the_machine_finds_what_is_sold_too_often(app: Flask, clock: Clock) -> None:
    """The control: without what keeps a slot from being oversold, the same machine fails."""
    with pytest.raises(AssertionError):
        run(app, clock, examples=30, steps=25)
    with reading() as session:
        assert "I1" in {invariant.code for invariant, broken in invariants.check(session) if broken}
