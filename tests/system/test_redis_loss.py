"""Redis goes, comes back, forgets and dawdles: bookings go on, and only logging in refuses meanwhile."""

import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
import redis
from flask import Flask

from config.settings import Settings
from miniprogram_api.devtools.bench.servers import Server
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic
from miniprogram_api.operations import invariants
from miniprogram_api.operations.snapshots import snapshot
from tests.factories.sites import make_site
from tests.factories.visits import make_slot
from tests.support.clients import FakePeople
from tests.support.live import Answer, Caller, live, member_tokens
from tests.support.servers import free_port, own_redis
from tests.support.waiting import wait_until

BOOKERS = 4
MEMBERS = 3000
SLOW_MS = 2000


class Store:
    """A Redis of this test's own, to be killed and started again."""

    def __init__(self) -> None:
        self._port = free_port()
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        self.url = self._running.enter_context(own_redis(self._port))

    def kill(self) -> None:
        self._running.close()

    def forget(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def dawdle(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.client_pause(SLOW_MS, all=True)


@pytest.fixture
def store() -> Generator[Store]:
    store = Store()
    yield store
    store.kill()


@pytest.fixture
def server(app: Flask, settings: Settings, fake_wechat: Any, store: Store) -> Generator[Server]:
    # Limits per address do not count this machine, so people come through a proxy.
    with live(
        settings, redis_url=store.url, trusted_proxies=1, wechat_api_base=fake_wechat.base_url
    ) as server:
        yield server


class People:
    """Somebody who logs in, from an address of their own each time."""

    def __init__(self, server: Server, fake_wechat: Any) -> None:
        self._server, self._fake = server, FakePeople(fake_wechat)
        self._logins = 0

    def log_in(self) -> Answer:
        self._logins += 1
        caller = Caller(self._server.port)
        code = self._fake.login_code("alice")
        address = f"203.0.113.{self._logins % 250 + 1}"
        answer = caller.post("/api/v1/sessions", {"code": code}, X_Forwarded_For=address)
        caller.close()
        return answer

    def can_log_in(self) -> bool:
        return self.log_in().status == 201


class Bookers:
    """Members who book one after another, whatever happens to Redis."""

    def __init__(self, server: Server, slot: UUID) -> None:
        self._port, self._slot, self._tokens = server.port, slot, iter(member_tokens(MEMBERS))
        self._guard = threading.Lock()
        self._over = threading.Event()
        self.booked = 0
        self.others: list[Answer] = []

    def run(self) -> None:
        while not self._over.is_set():
            with self._guard:
                caller = Caller(self._port, next(self._tokens))
            answer = caller.book(self._slot)
            caller.close()
            with self._guard:
                self.booked += answer.status == 201
                self.others += [] if answer.status == 201 else [answer]

    @contextmanager
    def at_work(self) -> Generator[None]:
        threads = [threading.Thread(target=self.run) for _ in range(BOOKERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(60)

    def go_on(self) -> None:
        """More are booked from here on, and nothing else is answered."""
        before = self.booked
        wait_until(lambda: self.booked >= before + 20)
        assert self.others == []


@pytest.fixture
def slot(app: Flask) -> UUID:
    starts_at = datetime.combine(clock.today() + timedelta(days=2), time(9), BEIJING)
    with atomic() as session:
        return make_slot(session, make_site(session).id, starts_at=starts_at, capacity=100_000).id


def test_bookings_go_on_whatever_happens_to_redis(
    server: Server, store: Store, slot: UUID, fake_wechat: Any
) -> None:
    people, bookers = People(server, fake_wechat), Bookers(server, slot)
    assert people.can_log_in()
    with bookers.at_work():
        bookers.go_on()
        store.kill()
        bookers.go_on()
        refused = people.log_in()
        assert (refused.status, refused.code) == (503, "request.unavailable")
        assert int(refused.headers["retry-after"]) > 0
        wait_until(lambda: readiness(server) == (200, ["cache"]))
        bookers.go_on()
        store.start()
        wait_until(people.can_log_in)
        store.forget()
        bookers.go_on()
        assert people.can_log_in()
        store.dawdle()
        bookers.go_on()
        wait_until(people.can_log_in)
        wait_until(lambda: readiness(server) == (200, []))
    assert bookers.others == []
    with snapshot() as session:
        assert {it.code: rows for it, rows in invariants.check(session) if rows} == {}
    assert server.complaints("unhandled_error") == []


def readiness(server: Server) -> tuple[int, list[str]]:
    caller = Caller(server.port)
    answer = caller.get("/readyz")
    caller.close()
    return answer.status, answer.body["degraded"]


def test_the_limit_on_logging_in_holds_across_processes(server: Server, fake_wechat: Any) -> None:
    caller, people = Caller(server.port), FakePeople(fake_wechat)
    statuses = [
        caller.post(
            "/api/v1/sessions", {"code": people.login_code("alice")}, X_Forwarded_For="203.0.113.7"
        ).status
        for _ in range(12)
    ]
    caller.close()
    assert statuses == [201] * 10 + [429] * 2
