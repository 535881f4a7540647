"""Real processes, real connections, one slot: never one place too many or too few, and one effect per key."""

import random
from collections import Counter
from collections.abc import Generator
from datetime import datetime, time, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from config.settings import Settings
from miniprogram_api.devtools.bench.servers import Server
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.operations import invariants
from miniprogram_api.operations.snapshots import snapshot
from miniprogram_api.visits.models import Booking, Scan, Slot
from tests.factories.gate import Gate, code_of
from tests.factories.sites import make_site
from tests.factories.visits import make_booking, make_slot
from tests.support.live import Answer, Caller, callers, live, member_tokens, together
from tests.support.races import without_check

PLACES, PARTIES = 37, 200
TWINS, ROUNDS = 8, 12
SCANS = 20
BOOKED_OR_TOLD_TO_WAIT = {(201, None), (409, "idempotency.in_flight")}


@pytest.fixture
def server(app: Flask, settings: Settings) -> Generator[Server]:
    with live(settings) as server:
        yield server


def make_slots(count: int, *, capacity: int, starts_at: datetime | None = None) -> list[UUID]:
    """Slots of the day after tomorrow, or of a moment, each at a site of its own."""
    day_after_tomorrow = datetime.combine(clock.today() + timedelta(days=2), time(9), BEIJING)
    with atomic() as session:
        return [
            make_slot(
                session, make_site(session).id, starts_at=starts_at or day_after_tomorrow, capacity=capacity
            ).id
            for _ in range(count)
        ]


def broken() -> dict[str, list[str]]:
    with snapshot() as session:
        return {invariant.code: rows for invariant, rows in invariants.check(session) if rows}


def race_for(slot: UUID, server: Server, *, parties: int) -> list[tuple[int, Answer]]:
    """What became of so many parties of one to five who all want the slot."""
    sizes = random.Random(37).choices(range(1, 6), k=parties)
    with callers(server, member_tokens(parties)) as people:
        attempts = [
            lambda caller=caller, size=size: caller.book(slot, size)
            for caller, size in zip(people, sizes, strict=True)
        ]
        return list(zip(sizes, together(attempts, threads=24), strict=True))


def test_two_hundred_parties_fill_thirty_seven_places(server: Server) -> None:
    (slot,) = make_slots(1, capacity=PLACES)
    outcomes = race_for(slot, server, parties=PARTIES)
    assert {(answer.status, answer.code) for _, answer in outcomes} <= {
        (201, None),
        (409, "visits.slot_full"),
    }
    sold = sum(size for size, answer in outcomes if answer.status == 201)
    left = PLACES - sold
    assert 0 <= left < min(size for size, answer in outcomes if answer.status == 409)
    with reading() as session:
        assert session.get_one(Slot, slot).booked == sold
    assert broken() == {}


def test_the_same_race_oversells_where_nothing_guards_the_slot(app: Flask, settings: Settings) -> None:
    """The control: it is the guards that keep the count, not luck."""
    with (
        without_check("visits_slots", "ck_visits_slots_seats", repair="TRUNCATE visits_slots CASCADE"),
        live(settings, target="tests.support.unguarded:app") as server,
    ):
        (slot,) = make_slots(1, capacity=PLACES)
        outcomes = race_for(slot, server, parties=40)
        assert sum(size for size, answer in outcomes if answer.status == 201) > PLACES
        assert broken().keys() == {"I1"}


def test_twins_with_one_key_have_one_effect(server: Server) -> None:
    slots = make_slots(ROUNDS, capacity=50)
    for slot, token in zip(slots, member_tokens(ROUNDS), strict=True):
        key = str(new_id())
        with callers(server, [token] * TWINS) as twins:
            answers = together(
                [lambda twin=twin: twin.book(slot, 2, key=key) for twin in twins],  # noqa: B023  run at once
                threads=TWINS,
            )
            assert {(answer.status, answer.code) for answer in answers} <= BOOKED_OR_TOLD_TO_WAIT
            first = [answer.body for answer in answers if answer.status == 201]
            assert first, "somebody has to get through"
            assert all(body == first[0] for body in first)
            again = twins[0].book(slot, 2, key=key)
            assert (again.status, again.body) == (201, first[0])
    with reading() as session:
        assert session.scalars(select(func.count()).select_from(Booking)).one() == ROUNDS
        assert set(session.scalars(select(Slot.booked))) == {2}
    assert broken() == {}


def test_a_member_books_once_a_day_however_often_they_try(server: Server) -> None:
    slots = make_slots(ROUNDS, capacity=50)
    for slot, token in zip(slots, member_tokens(ROUNDS), strict=True):
        with callers(server, [token] * TWINS) as twins:
            answers = together([lambda twin=twin: twin.book(slot) for twin in twins], threads=TWINS)  # noqa: B023
        outcomes = Counter((answer.status, answer.code) for answer in answers)
        assert outcomes.pop((201, None)) == 1
        assert set(outcomes) <= {(409, "visits.already_booked"), (409, "visits.member_busy")}
    assert broken() == {}


def test_of_twenty_scans_at_once_one_admits(app: Flask, server: Server) -> None:
    (slot,) = make_slots(1, capacity=5, starts_at=clock.now().replace(microsecond=0) + timedelta(minutes=5))
    with atomic() as session:
        booking = make_booking(session, session.get_one(Slot, slot), adults=3)
    code, gates = code_of(booking), [Gate(app, booking.site_id, name) for name in ("东门", "西门")]

    def scan(gate: Caller) -> Answer:
        shown = {"site_id": str(booking.site_id), "code": code, "nonce": new_id().hex}
        return gate.post("/api/staff/v1/gate/scans", shown)

    with callers(server, [gates[number % 2].token for number in range(SCANS)]) as scanners:
        answers = together([lambda gate=gate: scan(gate) for gate in scanners], threads=SCANS)
    assert {answer.status for answer in answers} == {200}
    results = Counter(answer.body["result"] for answer in answers)
    assert results == {"ok": 1, "already_used": SCANS - 1}
    assert all(answer.body["first_scan"] for answer in answers if answer.body["result"] == "already_used")
    with reading() as session:
        assert session.get_one(Booking, booking.id).admitted == 3
        assert session.scalars(select(func.count()).select_from(Scan)).one() == SCANS
