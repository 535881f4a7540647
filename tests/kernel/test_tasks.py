"""Background work: sweeps and deliveries run on a real consumer, and no doorbell is needed for the truth."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

import pytest
from flask import Flask, current_app
from huey.consumer import Consumer
from sqlalchemy.orm import Session

from config.settings import Settings
from miniprogram_api.app import start_background
from miniprogram_api.kernel import events, tasks
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.events import Event
from miniprogram_api.kernel.tasks import EmbeddedConsumer, Periodic


@dataclass(frozen=True, slots=True)
class Knocked(Event):
    name: ClassVar[str] = "test.knocked"

    times: int


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> dict[str, Periodic]:
    """No sweeps and subscribers but the test's own."""
    mine: dict[str, Periodic] = {}
    monkeypatch.setattr(tasks, "_sweeps", mine)
    monkeypatch.setattr(events, "_subscriptions", {})
    return mine


@pytest.fixture(autouse=True)
def _no_bell_left() -> object:
    yield
    events.set_doorbell(lambda: None)


def _queue(app: Flask, settings: Settings, *, immediate: bool = False) -> None:
    tasks.init_tasks(
        app, redis_url=settings.redis_url or None, data_dir=settings.data_dir, immediate=immediate
    )
    app.extensions["huey"].flush()


def _consume(app: Flask, until: threading.Event) -> None:
    consumer = start_background(app)
    try:
        assert until.wait(30), "background work did not happen"
    finally:
        consumer.stop(graceful=True)
    assert not any(thread.is_alive() for _, thread in consumer.worker_threads)


@pytest.mark.usefixtures("only")
def test_a_committed_event_reaches_its_subscriber_in_the_background(app: Flask, settings: Settings) -> None:
    told: list[int] = []
    done = threading.Event()

    @events.subscribe(Knocked, name="test.door")
    def open_door(_session: Session, event: Knocked) -> None:
        told.append(event.times)
        if event.times == 3:
            done.set()

    _queue(app, settings)
    for times in (1, 2, 3):
        with atomic() as session:
            events.publish(session, Knocked(times=times))
    _consume(app, until=done)
    assert told == [1, 2, 3]


def test_a_due_sweep_runs_with_the_application_at_hand(
    app: Flask, settings: Settings, only: dict[str, Periodic]
) -> None:
    done = threading.Event()
    names: list[str] = []

    @tasks.periodic("test.sweep")
    def sweep() -> None:
        names.append(current_app.name)
        done.set()

    _queue(app, settings)
    _consume(app, until=done)
    assert names[0] == "miniprogram_api"


def test_a_sweep_that_fails_is_logged_and_stops_nobody(
    app: Flask, settings: Settings, only: dict[str, Periodic], watcher: object
) -> None:
    done = threading.Event()

    @tasks.periodic("test.broken")
    def broken() -> None:
        raise OSError("nothing there")

    @tasks.periodic("test.sound")
    def sound() -> None:
        done.set()

    tasks.run_sweep(only["test.broken"])
    _queue(app, settings)
    _consume(app, until=done)
    assert any("sweep_failed" in line and "test.broken" in line for line in watcher.lines)


def test_a_sweep_can_be_asked_for_out_of_its_turn(
    app: Flask, settings: Settings, only: dict[str, Periodic]
) -> None:
    ran = threading.Event()
    tasks.periodic("test.rare", every_minutes=60 * 24 * 365)(ran.set)
    _queue(app, settings)
    tasks.run_soon("test.rare")
    _consume(app, ran)


def test_sweeps_are_known_by_name_in_order(only: dict[str, Periodic]) -> None:
    for name, minutes in [("test.b", 5), ("test.a", 1)]:
        tasks.periodic(name, every_minutes=minutes)(lambda: None)
    assert [(sweep.name, sweep.every_minutes) for sweep in tasks.sweeps()] == [("test.a", 1), ("test.b", 5)]


def test_the_product_has_its_sweeps(app: Flask) -> None:
    names = {sweep.name for sweep in tasks.sweeps()}
    assert {
        "kernel.deliver_events",
        "kernel.purge_deliveries",
        "kernel.purge_answers",
        "kernel.seal_audit",
    } <= names
    assert len(app.extensions["huey"]._registry._registry) == len(names) + 2  # and one out of turn


@pytest.mark.parametrize(
    ("every", "at", "due"),
    [
        (1, "08:17", True),
        (60, "08:00", True),
        (60, "08:17", False),
        (1440, "00:00", True),
        (1440, "08:00", False),
    ],
)
def test_a_sweep_is_due_as_often_as_it_asks(
    app: Flask, settings: Settings, only: dict[str, Periodic], every: int, at: str, due: bool
) -> None:
    tasks.periodic("test.sweep", every_minutes=every)(lambda: None)
    _queue(app, settings)
    found = app.extensions["huey"].read_periodic(datetime.fromisoformat(f"2026-11-23T{at}"))
    assert bool(found) is due


class _Ringing:
    """A bell whose hands the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 100.0
        self.rung: list[str] = []
        monkeypatch.setattr("miniprogram_api.kernel.tasks.time.monotonic", lambda: self.at)
        self.bell = tasks._Bell(lambda: self.rung.append("now"), lambda: self.rung.append("soon"))

    def ring(self, *, after: float) -> list[str]:
        self.at += after
        self.bell.ring()
        return self.rung


def test_a_quiet_bell_rings_at_once_and_a_busy_one_once_more_a_moment_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ringing = _Ringing(monkeypatch)
    assert ringing.ring(after=0) == ["now"]
    assert ringing.ring(after=0.05) == ["now", "soon"]
    assert ringing.ring(after=0.05) == ["now", "soon"]
    assert ringing.ring(after=0.12) == ["now", "soon"], "the promised ring is still to come"
    assert ringing.ring(after=0.1) == ["now", "soon", "now"]


def _broken() -> None:
    raise OSError("no queue")


def test_a_broken_queue_breaks_no_command_and_is_left_alone_for_a_while(
    watcher: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [100.0]
    monkeypatch.setattr("miniprogram_api.kernel.tasks.time.monotonic", lambda: at[0])
    bell: Callable[[], None] = tasks._Bell(_broken, _broken).ring
    for after in (0, 0.5, 4.4, 0.2):
        at[0] += after
        bell()
    assert sum("doorbell_failed" in line for line in watcher.lines) == 2


def test_a_queue_that_hangs_keeps_nobody_waiting(app: Flask, settings: Settings) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.setblocking(False)
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        tasks.init_tasks(app, redis_url=url, data_dir=settings.data_dir, immediate=False)
        started = time.monotonic()
        tasks.run_soon("kernel.deliver_events")
        assert time.monotonic() - started < 3
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
    storage = app.extensions["huey"].storage
    assert not storage.blocking, "a wait at the queue would outlast its time-out"


def test_a_worker_needs_redis(app: Flask) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], redis_url="")
    told = app.test_cli_runner().invoke(args=["worker"])
    assert told.exit_code == 1
    assert "REDIS_URL is not set" in told.output


@pytest.mark.usefixtures("only")
def test_without_background_work_no_bell_hangs(app: Flask, settings: Settings) -> None:
    events.subscribe(Knocked, name="test.door")(lambda _session, _event: None)
    _queue(app, settings, immediate=True)
    with atomic() as session:
        events.publish(session, Knocked(times=1))
    assert len(app.extensions["huey"]) == 0


def test_the_embedded_consumer_leaves_signals_to_the_server(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a thread of the server took its signals")

    monkeypatch.setattr("huey.consumer.signal.signal", refuse)
    consumer = EmbeddedConsumer(app)
    consumer.start()
    consumer.stop(graceful=True)


def test_a_worker_process_ends_gracefully_on_sigterm(app: Flask) -> None:
    worker = tasks.worker(app, threads=3)
    assert type(worker) is Consumer
    assert (worker.workers, worker.graceful_signal, worker.periodic) == (3, "TERM", True)
