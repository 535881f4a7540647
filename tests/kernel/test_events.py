"""The outbox: a fact is delivered if and only if it was committed, once, whoever dies on the way."""

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import events, tasks
from miniprogram_api.kernel.db import Heartbeat, atomic, reading
from miniprogram_api.kernel.events import DeliveryRow, DeliveryState, Event, EventRow
from tests.conftest import Clock

pytestmark = pytest.mark.usefixtures("app", "clock")


@dataclass(frozen=True, slots=True)
class LampLit(Event):
    name: ClassVar[str] = "test.lamp_lit"

    lamp: str
    watts: int


@dataclass(frozen=True, slots=True)
class LampBroken(Event):
    name: ClassVar[str] = "test.lamp_broken"

    lamp: str


class Subscriber:
    """Remembers what it was told; fails as often as it is told to, and counts in the database what it did."""

    def __init__(self) -> None:
        self.told: list[LampLit] = []
        self.failures: list[Exception] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, session: Session, event: LampLit) -> None:
        session.execute(update(Heartbeat).values(beats=Heartbeat.beats + 1))
        self.told.append(event)
        self.meanwhile()
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def lamps(monkeypatch: pytest.MonkeyPatch) -> Subscriber:
    """The one subscriber of the test's event; those of the product are away."""
    subscriber = Subscriber()
    monkeypatch.setattr(events, "_subscriptions", {})
    events.subscribe(LampLit, name="test.lamps")(subscriber)
    with atomic() as session:
        session.execute(update(Heartbeat).values(beats=0))
    return subscriber


@pytest.fixture
def bell() -> Generator[list[str]]:
    rung: list[str] = []
    events.set_doorbell(lambda: rung.append("rung"))
    yield rung
    events.set_doorbell(lambda: None)


def _light(lamp: str = "hall", watts: int = 9) -> None:
    with atomic() as session:
        events.publish(session, LampLit(lamp=lamp, watts=watts))


def _delivery() -> DeliveryRow:
    with reading() as session:
        return session.scalars(select(DeliveryRow)).one()


def _effects() -> int:
    with reading() as session:
        return session.get_one(Heartbeat, 1).beats


def test_a_committed_fact_reaches_its_subscriber_as_it_was(lamps: Subscriber) -> None:
    _light("hall", 9)
    assert events.drain() == 1
    assert lamps.told == [LampLit(lamp="hall", watts=9)]
    assert (_delivery().state, _delivery().attempts, _delivery().last_error) == (DeliveryState.DONE, 1, None)
    assert events.drain() == 0


def test_a_fact_that_was_rolled_back_never_happened(lamps: Subscriber, bell: list[str]) -> None:
    def fail() -> None:
        with atomic() as session:
            events.publish(session, LampLit(lamp="hall", watts=9))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert (events.drain(), lamps.told, bell) == (0, [], [])
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(EventRow)) == 0


def test_facts_are_delivered_in_the_order_they_happened(lamps: Subscriber) -> None:
    for number in range(5):
        _light(watts=number)
    events.drain()
    assert [event.watts for event in lamps.told] == list(range(5))


def test_each_subscriber_gets_a_delivery_of_its_own(lamps: Subscriber) -> None:
    other = Subscriber()
    events.subscribe(LampLit, name="test.others")(other)
    other.failures = [OSError("down")]
    _light()
    assert events.drain() == 2
    with reading() as session:
        states = dict(session.execute(select(DeliveryRow.subscriber, DeliveryRow.state)).all())
    assert states == {"test.lamps": DeliveryState.DONE, "test.others": DeliveryState.PENDING}


def test_a_fact_nobody_asked_for_is_kept_and_rings_nobody(lamps: Subscriber, bell: list[str]) -> None:
    with atomic() as session:
        events.publish(session, LampBroken(lamp="hall"))
    with reading() as session:
        row = session.scalars(select(EventRow)).one()
    assert (row.name, row.payload) == ("test.lamp_broken", {"lamp": "hall"})
    assert bell == []
    assert events.drain() == 0


def test_the_bell_rings_after_the_commit(lamps: Subscriber, bell: list[str]) -> None:
    with atomic() as session:
        events.publish(session, LampLit(lamp="hall", watts=9))
        assert bell == []
    assert bell == ["rung"]


def test_a_command_that_inserts_the_rows_itself_rings_itself(lamps: Subscriber, bell: list[str]) -> None:
    row, deliveries = events.rows_of(LampLit(lamp="hall", watts=9))
    with atomic() as session:
        session.add(EventRow(**row))
        session.flush()
        session.add_all(DeliveryRow(**delivery) for delivery in deliveries)
        events.ring_after_commit(session)
    assert bell == ["rung"]
    assert events.drain() == 1


def test_the_sweep_delivers_what_no_bell_announced(lamps: Subscriber) -> None:
    for number in range(3):
        _light(watts=number)
    tasks.deliver_due_events()
    assert len(lamps.told) == 3


def test_a_failed_handler_leaves_no_effect_and_is_tried_again_later(lamps: Subscriber, clock: Clock) -> None:
    lamps.failures = [OSError("down")]
    _light()
    events.drain()
    delivery = _delivery()
    assert (delivery.state, delivery.attempts, delivery.last_error) == (DeliveryState.PENDING, 1, "OSError")
    assert delivery.next_attempt_at == clock.now + timedelta(seconds=2)
    assert _effects() == 0
    assert events.drain() == 0
    clock.advance(seconds=2)
    events.drain()
    assert _delivery().state is DeliveryState.DONE
    assert _effects() == 1


def test_waits_grow_up_to_five_minutes_and_then_the_delivery_is_dead(lamps: Subscriber, clock: Clock) -> None:
    lamps.failures = [OSError("down") for _ in range(100)]
    _light()
    waits = []
    for _ in range(events.MAX_ATTEMPTS):
        events.drain()
        waits.append((_delivery().next_attempt_at - clock.now).total_seconds())
        clock.set(max(clock.now, _delivery().next_attempt_at))
    assert waits[:9] == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert max(waits) == 300
    assert _delivery().state is DeliveryState.DEAD
    clock.advance(days=1)
    assert events.drain() == 0
    assert events.measure_backlog() == events.Backlog(pending=0, dead=1, oldest_seconds=0.0)


def test_an_unknown_subscriber_stops_nobody(lamps: Subscriber, clock: Clock) -> None:
    events.subscribe(LampLit, name="test.removed_since")(Subscriber())
    _light()
    del events._subscriptions["test.removed_since"]
    events.drain()
    assert len(lamps.told) == 1
    with reading() as session:
        stuck = session.scalars(select(DeliveryRow).filter_by(subscriber="test.removed_since")).one()
    assert (stuck.state, stuck.last_error) == (DeliveryState.PENDING, "KeyError")


def test_a_payload_of_another_version_stops_nobody(lamps: Subscriber) -> None:
    _light(watts=1)
    _light(watts=2)
    with atomic() as session:
        first = session.scalars(select(EventRow).order_by(EventRow.id).limit(1)).one()
        first.payload = {"lamp": "hall", "colour": "red"}
    events.drain()
    assert [event.watts for event in lamps.told] == [2]


def test_the_lease_of_a_worker_that_died_runs_out(lamps: Subscriber, clock: Clock) -> None:
    _light()
    assert len(events._claim(100)) == 1  # and then the worker is killed
    assert events.drain() == 0
    clock.advance(minutes=5)
    assert events.drain() == 1
    assert len(lamps.told) == 1
    assert (_delivery().state, _delivery().attempts) == (DeliveryState.DONE, 2)


def test_a_worker_that_lost_its_lease_does_not_deliver_again(lamps: Subscriber, clock: Clock) -> None:
    _light()
    (late,) = events._claim(100)
    clock.advance(minutes=6)
    events.drain()
    events._deliver(late)
    events._postpone(late, OSError("late"))
    assert len(lamps.told) == 1
    assert (_delivery().state, _delivery().last_error) == (DeliveryState.DONE, None)


def test_two_drains_at_once_deliver_each_fact_once(app: Flask, lamps: Subscriber) -> None:
    for number in range(20):
        _light(watts=number)
    start = threading.Barrier(3)
    counts: list[int] = []

    def drain() -> None:
        with app.app_context():
            start.wait(10)
            while claimed := events.drain(limit=3):
                counts.append(claimed)

    threads = [threading.Thread(target=drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts) == 20
    assert sorted(event.watts for event in lamps.told) == list(range(20))
    assert _effects() == 20


def test_a_claim_does_not_wait_for_deliveries_that_another_worker_holds(
    app: Flask, lamps: Subscriber, clock: Clock, on_postgres: bool
) -> None:
    if not on_postgres:
        pytest.skip("SQLite's writers come one by one")
    _light(watts=1)
    seen: list[int] = []

    def drain_elsewhere() -> None:
        def run() -> None:
            with app.app_context():
                seen.append(events.drain())

        clock.advance(minutes=10)  # the lease is over, but its worker still holds the row
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(30)

    lamps.meanwhile = drain_elsewhere
    events.drain()
    assert seen == [0]
    assert len(lamps.told) == 1


def test_the_backlog_counts_what_waits_and_for_how_long(lamps: Subscriber, clock: Clock) -> None:
    assert events.measure_backlog() == events.Backlog(pending=0, dead=0, oldest_seconds=0.0)
    _light()
    clock.advance(seconds=90)
    _light()
    assert events.measure_backlog() == events.Backlog(pending=2, dead=0, oldest_seconds=90.0)
    events.drain()
    assert events.measure_backlog() == events.Backlog(pending=0, dead=0, oldest_seconds=0.0)


def test_deliveries_done_long_ago_are_forgotten_and_facts_kept(lamps: Subscriber, clock: Clock) -> None:
    _light(watts=1)
    events.drain()
    clock.advance(days=20)
    _light(watts=2)
    lamps.failures = [OSError("down")]
    events.drain()
    clock.advance(days=20)
    tasks.purge_deliveries()
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(EventRow)) == 2
        assert session.scalars(select(DeliveryRow.state)).all() == [DeliveryState.PENDING]
