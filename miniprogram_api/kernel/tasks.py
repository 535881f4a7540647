"""Background work: periodic sweeps declared by features, run by Huey, and the doorbell of the outbox."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

import structlog
from flask import Flask, current_app
from huey import Huey, RedisHuey, SqliteHuey
from huey.consumer import Consumer
from redis import ConnectionError as RedisConnectionError
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

from miniprogram_api.kernel import clock, events
from miniprogram_api.kernel.db import atomic

log = structlog.get_logger(__name__)

Sweep = Callable[[], None]
_RING_EVERY_S = 0.2
_SILENT_S = 5.0  # after a ring that nobody heard: whoever commits meanwhile does not wait for a dead queue
_TIMEOUT_S = 0.5
_NOTICED_WITHIN_S = 0.5  # how long a quiet queue takes to notice the bell
_STOP_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Periodic:
    """A sweep over due rows: idempotent, an edge of its own, safe to run on two hosts at once."""

    name: str
    every_minutes: int
    run: Sweep
    when_rung: bool = False  # also after each commit that rang the bell


_sweeps: dict[str, Periodic] = {}


class _Soon:
    run: Callable[[str], None] = staticmethod(lambda name: None)


def periodic(name: str, *, every_minutes: int = 1, when_rung: bool = False) -> Callable[[Sweep], Sweep]:
    """Declare a sweep; the name shows in logs."""

    def register(function: Sweep) -> Sweep:
        _sweeps[name] = Periodic(name, every_minutes, function, when_rung)
        return function

    return register


def run_soon(name: str) -> None:
    """Have background work run a sweep without waiting for its minute; never fails, and its minute comes."""
    try:
        _Soon.run(name)
    except Exception:  # the queue being away is no reason to fail what has committed
        log.warning("sweep_not_queued", sweep=name, exc_info=True)


def count_waiting() -> int:
    """How many tasks lie in the queue, for every process alike; fails when the queue is away."""
    return int(current_app.extensions["huey"].pending_count())


def sweeps() -> list[Periodic]:
    """Every declared sweep, by name."""
    return sorted(_sweeps.values(), key=lambda sweep: sweep.name)


def init_tasks(app: Flask, *, redis_url: str | None, data_dir: Path, immediate: bool) -> None:
    """Build the queue, register each sweep and the delivery of events, and hang the doorbell.

    With `immediate` nothing runs in the background; tests call `events.drain()` and the sweeps themselves.
    """
    huey = (
        _redis_huey(redis_url)
        if redis_url
        else SqliteHuey("lowcarbon", results=False, filename=str(data_dir / "tasks.sqlite3"))
    )

    @huey.task(name="deliver_events")
    def deliver_events() -> None:
        with app.app_context():
            answer_bell()

    @huey.task(name="run_sweep")
    def run_named(name: str) -> None:
        with app.app_context():
            run_sweep(_sweeps[name])

    for sweep in sweeps():
        _schedule(huey, app, sweep)
    _Soon.run = staticmethod(lambda name: None if immediate else run_named(name))
    if not immediate:
        bell = _Bell(deliver_events, lambda: deliver_events.schedule(delay=_RING_EVERY_S))
        events.set_doorbell(bell.ring)
    app.extensions["huey"] = huey


def _redis_huey(url: str) -> RedisHuey:
    """A queue that is looked into and never waited at: its short time-outs are those of requests too."""
    pool = ConnectionPool.from_url(
        url,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        # A connection kept since before a restart of the store is replaced once.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )
    return RedisHuey("lowcarbon", results=False, blocking=False, connection_pool=pool)


def _schedule(huey: Huey, app: Flask, sweep: Periodic) -> None:
    def due(at: datetime) -> bool:
        return (at.hour * 60 + at.minute) % sweep.every_minutes == 0

    def run() -> None:
        with app.app_context():
            run_sweep(sweep)

    huey.periodic_task(due, name=sweep.name.replace(".", "_"))(run)


def run_sweep(sweep: Periodic) -> None:
    """Run one sweep; its failure is logged, and the next round tries again."""
    started = time.monotonic()
    try:
        sweep.run()
    except Exception:  # the edge of background work
        log.exception("sweep_failed", sweep=sweep.name)
        return
    log.info("sweep_done", sweep=sweep.name, ms=round((time.monotonic() - started) * 1000))


class _Bell:
    """Rings at once when it was quiet, else a moment later, and once for all who ring in between."""

    def __init__(self, now: Callable[[], object], soon: Callable[[], object]) -> None:
        self._now = now
        self._soon = soon
        self._lock = Lock()
        self._quiet_until = 0.0
        self._promised_at = 0.0

    def ring(self) -> None:
        """Called by whoever committed something to deliver; never fails."""
        with self._lock:
            at = time.monotonic()
            if at < self._promised_at:
                return
            if at < self._quiet_until:
                ring, self._promised_at = self._soon, at + _RING_EVERY_S
            else:
                ring, self._quiet_until = self._now, at + _RING_EVERY_S
        try:
            ring()
        except Exception:  # a lost bell is no lost event
            with self._lock:
                self._promised_at = time.monotonic() + _SILENT_S
            log.warning("doorbell_failed", exc_info=True)


class EmbeddedConsumer(Consumer):
    """Background work on threads of a web process, whose signals are the server's to handle."""

    def __init__(self, app: Flask) -> None:
        super().__init__(
            app.extensions["huey"],
            workers=2,  # a long sweep must not keep events waiting
            initial_delay=0.05,
            max_delay=_NOTICED_WITHIN_S,
            shutdown_timeout=_STOP_WITHIN_S,
        )

    def _set_signal_handlers(self) -> None:
        pass


def worker(app: Flask, *, threads: int = 4) -> Consumer:
    """Background work as a process of its own; `.run()` blocks until a signal ends it."""
    return Consumer(
        app.extensions["huey"],
        workers=threads,
        initial_delay=0.05,
        max_delay=_NOTICED_WITHIN_S,
        graceful_signal="TERM",
        shutdown_timeout=_STOP_WITHIN_S,
    )


def answer_bell() -> None:
    """Deliver what is due, then run the sweeps that follow commits; what fails is logged and tried again."""
    deliver_due_events()
    for sweep in sweeps():
        if sweep.when_rung:
            try:
                sweep.run()
            except Exception:  # the edge of background work
                log.exception("sweep_failed", sweep=sweep.name)


@periodic("kernel.deliver_events")
def deliver_due_events() -> None:
    """Deliver what is due, announced by the doorbell or not."""
    while events.drain():
        pass


@periodic("kernel.purge_deliveries", every_minutes=60)
def purge_deliveries() -> None:
    """Forget deliveries that were done long ago."""
    with atomic() as session:
        events.purge(session, clock.now())
