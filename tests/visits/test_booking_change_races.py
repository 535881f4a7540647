"""Twins, changes and holds at once: one effect each, whatever the order, and the counters right."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.idempotency import Attempt
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import (
    Slot,
)
from miniprogram_api.visits.routes import bookings as routes
from miniprogram_api.visits.rules.party import Party
from miniprogram_api.visits.service import booking, seats
from miniprogram_api.visits.service.booking_draft import Draft
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import Visitor, add_members, code_of, reconcile, trying, wish
from tests.support.races import at_once, meeting_first

RACERS = 10


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


class TestTwins:
    def test_one_key_has_one_effect_and_one_answer(self, app: Flask, site: Site) -> None:
        slot, visitor = add_slot(site), Visitor(app)
        answers = at_once(app, [lambda: visitor.book(slot.id, 2, key="twin")] * 8)
        made = [answer.get_json() for answer in answers if answer.status_code == 201]
        refused = [answer for answer in answers if answer.status_code != 201]
        assert made
        assert all(answer == made[0] for answer in made)
        assert {code_of(answer) for answer in refused} <= {(409, "idempotency.in_flight")}
        assert all(answer.headers["Retry-After"] for answer in refused)
        assert visitor.book(slot.id, 2, key="twin").get_json() == made[0]
        assert reconcile() == []

    def test_one_key_in_two_processes_has_one_effect(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slot, [member] = add_slot(site), add_members(1)
        attempt = Attempt(f"member:{member}", "twin", b"\0" * 32)
        monkeypatch.setattr(booking, "Draft", meeting_first(Draft, 2))
        outcomes = Counter(at_once(app, [trying(wish(slot, member), attempt)] * 2))
        assert outcomes["booked"] == 1
        assert set(outcomes) <= {"booked", "idempotency.in_flight", "visits.already_booked", "stored already"}
        with reading() as session:
            told = session.scalars(select(EventRow).where(EventRow.name == "visits.visit_booked")).all()
        assert len(told) == 1
        assert reconcile() == []


class TestChanges:
    @pytest.mark.parametrize("day", range(5))
    def test_of_cancelling_and_moving_at_once_one_wins(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch, day: int
    ) -> None:
        old = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=day))
        new = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=day, hours=3))
        visitor = Visitor(app)
        shown = visitor.booked(old.id, 2)
        met = meeting_first(lambda seen: seen, 2)
        look = routes._seen
        monkeypatch.setattr(routes, "_seen", lambda booking_id: met(look(booking_id)))
        cancelled, moved = at_once(
            app, [lambda: visitor.cancel(shown["id"]), lambda: visitor.move(shown["id"], new.id)]
        )
        assert sorted([cancelled.status_code, moved.status_code]) == [200, 409]
        status = visitor.get(f"/api/v1/bookings/{shown['id']}").get_json()["status"]
        assert status == ("cancelled" if cancelled.status_code == 200 else "confirmed")
        assert reconcile() == []

    def test_of_cancellations_at_once_no_more_than_allowed_happen(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with atomic() as session:
            make_policy(session, site.id, cancels_per_day=1)
        days = [add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=day)) for day in range(4)]
        visitor = Visitor(app)
        ids = [visitor.booked(slot.id)["id"] for slot in days]
        met = meeting_first(lambda seen: seen, 4)
        look = routes._seen
        monkeypatch.setattr(routes, "_seen", lambda booking_id: met(look(booking_id)))
        answers = at_once(app, [lambda booking_id=b: visitor.cancel(booking_id) for b in ids])
        refused = [code_of(answer) for answer in answers if answer.status_code != 200]
        assert refused == [(409, "visits.cancel_limit_reached")] * 3
        assert reconcile() == []

    def test_several_moves_at_once_leave_one_booking(self, app: Flask, site: Site) -> None:
        old = add_slot(site)
        targets = [add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1, hours=n)) for n in range(5)]
        visitor = Visitor(app)
        shown = visitor.booked(old.id, 2)
        answers = at_once(app, [lambda slot=slot: visitor.move(shown["id"], slot.id) for slot in targets])
        assert Counter(answer.status_code for answer in answers)[200] >= 1
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert reconcile() == []

    def test_two_parties_that_swap_slots_do_not_block_each_other(self, app: Flask, site: Site) -> None:
        slots = [add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=day)) for day in range(2)]
        visitors = [Visitor(app) for _ in range(8)]
        ids = [visitor.booked(slots[n % 2].id)["id"] for n, visitor in enumerate(visitors)]
        answers = at_once(
            app,
            [
                lambda n=n, visitor=visitor: visitor.move(ids[n], slots[(n + 1) % 2].id)
                for n, visitor in enumerate(visitors)
            ],
        )
        assert {answer.status_code for answer in answers} == {200}
        assert reconcile() == []


class TestHolds:
    def test_a_hold_is_used_once(self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        slot = add_slot(site, capacity=4)
        visitor = Visitor(app)
        hold = visitor.held(slot.id, 3)
        wanted = wish(slot, visitor.id, Party(3, 0), UUID(hold["id"]))
        outcomes = Counter(at_once(app, [trying(wanted)] * 6))
        assert outcomes["booked"] == 1
        assert reconcile() == []

    def test_expired_holds_are_cleared_once_by_many(self, app: Flask, site: Site, clock: Clock) -> None:
        slot = add_slot(site, capacity=10)
        for _ in range(5):
            Visitor(app).held(slot.id, 2)
        clock.advance(minutes=10)
        outcomes = Counter(at_once(app, [trying(wish(slot, member)) for member in add_members(14)]))
        assert outcomes["booked"] == 10
        assert set(outcomes) <= {"booked", "visits.slot_full"}
        assert reconcile() == []


class TestSeats:
    def test_taking_and_returning_many_places_at_once_adds_up(self, app: Flask, site: Site) -> None:
        slots = [
            add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=n), capacity=8) for n in range(3)
        ]
        with atomic() as session:
            session.execute(update(Slot).values(booked=4))

        def shift(number: int) -> Callable[[], seats.Short | None]:
            taken, returned = slots[number % 3], slots[(number + 1) % 3]

            def run() -> seats.Short | None:
                with atomic() as session:
                    short = seats.move_places(session, [_places(taken, 1), _places(returned, -1)])
                    if short is not None:
                        session.rollback()
                    return short

            return run

        at_once(app, [shift(number) for number in range(9)])
        with reading() as session:
            assert session.scalars(select(func.sum(Slot.booked))).one() == 12


def _places(slot: Slot, booked: int) -> seats.Places:
    return seats.Places(site_id=slot.site_id, visit_on=slot.visit_on, slot_id=slot.id, booked=booked)
