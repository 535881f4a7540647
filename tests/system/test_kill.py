"""Server processes are killed while members book: nothing that was promised is lost, nothing counts twice."""

import os
import random
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from config.settings import Settings
from miniprogram_api.devtools.bench.servers import Server
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.operations import invariants, reconcile
from miniprogram_api.operations.snapshots import snapshot
from miniprogram_api.visits.models import Booking
from tests.factories.sites import make_site
from tests.factories.visits import make_slot
from tests.support.live import Answer, Caller, Lost, live, member_tokens
from tests.support.waiting import wait_until

KILLS = 60 if "FUZZ_LONG" in os.environ else 8
BOOKERS = 8
ENOUGH_MEMBERS = 300 * KILLS
# What a client sends again, with the same key: it cannot know what became of the first.
UNSETTLED = {(409, "idempotency.in_flight"), (503, "request.unavailable"), (409, "visits.member_busy")}

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="finds workers in /proc")  # noqa: PTH110


class Bookers:
    """Members who book one after another, each until there is an answer; what they were promised is kept."""

    def __init__(self, server: Server, slots: list[UUID], tokens: list[str]) -> None:
        self._port, self._slots, self._tokens = server.port, slots, iter(tokens)
        self._guard = threading.Lock()
        self._over = threading.Event()
        self.promised: dict[str, dict[str, Any]] = {}
        self.failures: list[tuple[int, Any]] = []
        self.lost = 0

    def run(self, number: int) -> None:
        chance = random.Random(number)
        with suppress(StopIteration):
            while not self._over.is_set():
                with self._guard:
                    token = next(self._tokens)
                self._book(Caller(self._port, token), chance.choice(self._slots), chance.randint(1, 5))

    def _book(self, caller: Caller, slot: UUID, adults: int) -> None:
        key = str(new_id())
        wait_until(lambda: self._is_settled(caller, slot, adults, key), within_s=60)
        caller.close()

    def _is_settled(self, caller: Caller, slot: UUID, adults: int, key: str) -> bool:
        try:
            answer = caller.book(slot, adults, key=key)
        except Lost:
            self.lost += 1
            return False
        settled = (answer.status, answer.code) not in UNSETTLED
        if settled:
            self._note(key, answer)
        return settled

    def _note(self, key: str, answer: Answer) -> None:
        with self._guard:
            if answer.status == 201:
                self.promised[key] = answer.body
            elif answer.code != "visits.slot_full":
                self.failures.append((answer.status, answer.body))

    @contextmanager
    def at_work(self) -> Generator[None]:
        threads = [threading.Thread(target=self.run, args=(number,)) for number in range(BOOKERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(60)


@pytest.fixture
def slots(app: Flask) -> list[UUID]:
    """One that is fought for and will be full, and some with room for everybody."""
    starts_at = datetime.combine(clock.today() + timedelta(days=2), time(9), BEIJING)
    with atomic() as session:
        return [
            make_slot(session, make_site(session).id, starts_at=starts_at, capacity=capacity).id
            for capacity in (200, 100_000, 100_000, 100_000)
        ]


def kill_a_worker(server: Server, bookers: Bookers, chance: random.Random) -> None:
    """In the middle of work: after some bookings since the last kill, and a random moment later."""
    before = len(bookers.promised)
    wait_until(lambda: len(bookers.promised) >= before + 5)
    threading.Event().wait(chance.uniform(0, 0.15))
    pids = server.worker_pids()
    if pids:
        os.kill(chance.choice(pids), signal.SIGKILL)


def test_no_kill_loses_a_promise_or_counts_one_twice(
    app: Flask, settings: Settings, slots: list[UUID], on_postgres: bool
) -> None:
    tokens = member_tokens(ENOUGH_MEMBERS)
    chance = random.Random(9)
    with live(settings) as server:
        bookers = Bookers(server, slots, tokens)
        with bookers.at_work():
            for _ in range(KILLS):
                kill_a_worker(server, bookers, chance)
    assert bookers.failures == []
    assert bookers.lost > 0, "nobody noticed the kills"
    with reading() as session:
        kept = {str(row.id): (row.number, row.seats) for row in session.scalars(select(Booking))}
    promised = {body["id"]: (body["number"], body["seats"]) for body in bookers.promised.values()}
    # Every promise is kept, and nobody has what nobody was promised: a lost answer was asked for again.
    assert kept == promised
    with snapshot() as session:
        assert {it.code: rows for it, rows in invariants.check(session) if rows} == {}
        assert reconcile.slot_drifts(session) == reconcile.day_drifts(session) == []
    if not on_postgres:
        with db.engine.connect() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
