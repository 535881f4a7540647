"""Many at once: never one too many or too few, never a 5xx. Without the guards the same races go wrong."""

import random
from collections import Counter
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import true
from werkzeug.test import TestResponse

from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import (
    DayCap,
    Slot,
    Standing,
)
from miniprogram_api.visits.rules.party import Party
from miniprogram_api.visits.service import booking, booking_guards, booking_sql
from miniprogram_api.visits.service.booking_draft import Draft
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import Visitor, add_members, code_of, reconcile, trying, wish
from tests.support.races import at_once, meeting_first, without_check

RACERS = 10


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def fresh_statements() -> Generator[None]:
    """Statements built under patched guards must not outlive the test."""
    booking_sql.forget_statements()
    yield
    booking_sql.forget_statements()


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


class TestCapacity:
    def test_two_hundred_mixed_parties_fill_thirty_seven_places_exactly(self, app: Flask, site: Site) -> None:
        slot = add_slot(site, capacity=37)
        dice = random.Random(37)
        sizes = [dice.randint(1, 5) for _ in range(200)]
        visitors = [Visitor(app) for _ in sizes]
        answers = at_once(
            app,
            [
                lambda visitor=visitor, size=size: visitor.book(slot.id, size)
                for visitor, size in zip(visitors, sizes, strict=True)
            ],
        )
        outcomes = Counter(code_of(answer) if answer.status_code != 201 else (201, "") for answer in answers)
        assert set(outcomes) == {(201, ""), (409, "visits.slot_full")}
        sold = sum(size for answer, size in zip(answers, sizes, strict=True) if answer.status_code == 201)
        refused = [size for answer, size in zip(answers, sizes, strict=True) if answer.status_code == 409]
        assert sold <= 37
        assert all(size > 37 - sold for size in refused), "a refused party would still have fitted"
        assert reconcile() == []

    def test_the_last_places_go_to_as_many_as_they_are(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slot = add_slot(site, capacity=RACERS // 2)
        monkeypatch.setattr(booking, "Draft", meeting_first(Draft, RACERS))
        outcomes = Counter(at_once(app, [trying(wish(slot, member)) for member in add_members(RACERS)]))
        assert outcomes == {"booked": RACERS // 2, "visits.slot_full": RACERS // 2}
        assert reconcile() == []

    @pytest.mark.usefixtures("fresh_statements")
    def test_without_the_guard_the_same_race_oversells(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slot = add_slot(site, capacity=RACERS // 2)
        monkeypatch.setattr(booking, "Draft", meeting_first(Draft, RACERS))
        monkeypatch.setattr(booking_guards, "slot_has_room", booking_guards.slot_is_there)
        repair = "UPDATE visits_slots SET capacity = booked + held"
        with without_check("visits_slots", "ck_visits_slots_seats", repair=repair):
            outcomes = Counter(at_once(app, [trying(wish(slot, member)) for member in add_members(RACERS)]))
            wrong = reconcile()
        assert outcomes["booked"] > RACERS // 2
        assert wrong

    @pytest.mark.usefixtures("fresh_statements")
    def test_without_the_guard_the_check_still_holds_and_is_told_as_a_refusal(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slot = add_slot(site, capacity=RACERS // 2)
        monkeypatch.setattr(booking, "Draft", meeting_first(Draft, RACERS))
        monkeypatch.setattr(booking_guards, "slot_has_room", booking_guards.slot_is_there)
        outcomes = Counter(at_once(app, [trying(wish(slot, member)) for member in add_members(RACERS)]))
        assert outcomes == {"booked": RACERS // 2, "visits.slot_full": RACERS // 2}
        assert reconcile() == []

    def test_a_capped_day_holds_over_all_its_slots(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slots = [add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=hours)) for hours in range(2)]
        with atomic() as session:
            session.add(DayCap(site_id=site.id, visit_on=slots[0].visit_on, capacity=RACERS // 2, booked=0))
        monkeypatch.setattr(booking, "Draft", meeting_first(Draft, RACERS))
        runs = [trying(wish(slots[number % 2], member)) for number, member in enumerate(add_members(RACERS))]
        outcomes = Counter(at_once(app, runs))
        assert outcomes == {"booked": RACERS // 2, "visits.day_full": RACERS // 2}
        assert reconcile() == []

    def test_a_day_and_a_slot_that_fill_up_together_leak_nothing(self, app: Flask, site: Site) -> None:
        narrow, wide = (
            add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=hours), capacity=capacity)
            for hours, capacity in ((0, 7), (2, 20))
        )
        with atomic() as session:
            session.add(DayCap(site_id=site.id, visit_on=narrow.visit_on, capacity=17, booked=0))
        parties = [Party(1 + number % 3, 0) for number in range(30)]
        runs = [
            trying(wish((narrow, wide)[number % 2], member, parties[number]))
            for number, member in enumerate(add_members(30))
        ]
        outcomes = Counter(at_once(app, runs))
        assert set(outcomes) <= {"booked", "visits.slot_full", "visits.day_full"}
        assert reconcile() == []

    def test_bookings_holds_and_cancellations_at_once_leave_the_counters_right(
        self, app: Flask, site: Site
    ) -> None:
        slot = add_slot(site, capacity=12)
        early = [Visitor(app) for _ in range(4)]
        booked = [visitor.booked(slot.id, 2)["id"] for visitor in early]
        late = [Visitor(app) for _ in range(12)]
        runs: list[Callable[[], TestResponse]] = [
            *(
                lambda visitor=visitor, id_=id_: visitor.cancel(id_)
                for visitor, id_ in zip(early, booked, strict=True)
            ),
            *(lambda visitor=visitor: visitor.book(slot.id, 3) for visitor in late[:6]),
            *(lambda visitor=visitor: visitor.hold(slot.id, 2) for visitor in late[6:]),
        ]
        answers = at_once(app, runs)
        assert {answer.status_code for answer in answers} <= {200, 201, 409}
        assert reconcile() == []


class TestOnePerson:
    def test_twenty_bookings_of_one_person_make_one(self, app: Flask, site: Site) -> None:
        slots = [add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=hours)) for hours in range(4)]
        [member] = add_members(1)
        outcomes = Counter(at_once(app, [trying(wish(slots[number % 4], member)) for number in range(20)]))
        assert outcomes["booked"] == 1
        assert set(outcomes) <= {"booked", "visits.already_booked", "visits.member_busy"}
        assert reconcile() == []

    def test_over_http_they_make_one_and_no_server_error(self, app: Flask, site: Site) -> None:
        slot, visitor = add_slot(site), Visitor(app)
        answers = at_once(app, [lambda: visitor.book(slot.id)] * 20)
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses[201] == 1
        assert set(statuses) <= {201, 409, 429}
        assert reconcile() == []

    def test_visits_to_several_sites_at_one_time_make_one(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outcomes = self._book_everywhere(app, monkeypatch)
        assert outcomes["booked"] == 1
        assert set(outcomes) <= {"booked", "visits.overlaps", "visits.member_busy"}

    @pytest.mark.usefixtures("fresh_statements")
    def test_without_the_member_guard_they_make_several(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(booking_guards, "member_is_unchanged", true)
        assert self._book_everywhere(app, monkeypatch)["booked"] > 1

    def _book_everywhere(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
        with atomic() as session:
            slots = [make_slot(session, make_site(session).id) for _ in range(RACERS)]
        [member] = add_members(1)
        monkeypatch.setattr(booking, "Draft", meeting_first(Draft, RACERS))
        return Counter(at_once(app, [trying(wish(slot, member)) for slot in slots]))

    def test_the_limit_of_a_period_holds(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with atomic() as session:
            make_policy(session, site.id, visits_limit=2, window_days=30)
        slots = [add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=days)) for days in range(6)]
        [member] = add_members(1)
        monkeypatch.setattr(booking, "Draft", meeting_first(Draft, 6))
        outcomes = Counter(at_once(app, [trying(wish(slot, member)) for slot in slots]))
        assert outcomes["booked"] == 2
        assert set(outcomes) <= {"booked", "visits.limit_reached", "visits.member_busy"}

    def test_a_bar_that_comes_while_booking_is_heeded(
        self, app: Flask, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slot = add_slot(site)
        [member] = add_members(1)

        def barred_meanwhile(*args: Any) -> Draft:
            with atomic() as session:
                if session.get(Standing, member) is None:
                    until = clock.now + timedelta(days=1)
                    session.add(Standing(member_id=member, revision=0, barred_until=until))
            return Draft(*args)

        monkeypatch.setattr(booking, "Draft", barred_meanwhile)
        assert trying(wish(slot, member))() == "visits.member_barred"
