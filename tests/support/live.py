"""The product as it runs: its own gunicorn on a test's database, and people who call it over connections."""

import dataclasses
import http.client
import json
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

from config.settings import Settings
from miniprogram_api.devtools.bench.servers import Server, environment
from miniprogram_api.identity.models import Member, MemberSession
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.ids import new_id, opaque_token, token_hash
from tests.support.forked import forked_gunicorn

T = TypeVar("T")
ANSWERS_WITHIN_S = 15


@contextmanager
def live(settings: Settings, *, target: str = "wsgi:app", **changes: Any) -> Generator[Server]:
    """gunicorn on the database of these settings: two processes where they share a Redis, else one."""
    shared = bool(changes.get("redis_url", settings.redis_url))
    layout = {"web_processes": 2, "web_threads": 8} if shared and settings.database_url else {}
    served = dataclasses.replace(settings, **(layout | changes))
    log = Path(settings.data_dir) / f"server-{new_id().hex}.log"
    with forked_gunicorn(target, environ=environment(served), log=log) as server:
        yield server


class Lost(Exception):
    """No whole answer came: the connection was refused, reset or cut."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str | None:
        """The code of a problem."""
        return self.body.get("code") if isinstance(self.body, dict) else None


class Caller:
    """Somebody with a token and one connection, opened again when it is lost."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port, self.token = port, token
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWERS_WITHIN_S)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, **headers)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; headers are named with underscores. Raises Lost."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        content = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, body=content, headers=sent)
            answer = self._connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Lost from error
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(
            answer.status, told, json.loads(text) if "json" in told.get("content-type", "") else text
        )

    def book(self, slot_id: Any, adults: int = 1, *, key: str | None = None) -> Answer:
        body = {"slot_id": str(slot_id), "party": {"adults": adults}}
        return self.post("/api/v1/bookings", body, Idempotency_Key=key or str(new_id()))

    def close(self) -> None:
        self._connection.close()


@contextmanager
def callers(server: Server, tokens: Sequence[str]) -> Generator[list[Caller]]:
    """A caller for each token; their connections end before the server does."""
    people = [Caller(server.port, token) for token in tokens]
    try:
        yield people
    finally:
        for caller in people:
            caller.close()


def member_tokens(count: int) -> list[str]:
    """Access tokens of so many new members, inserted at one go. Needs an application context."""
    now = clock.now()
    people = [(new_id(), f"mp_{opaque_token()}") for _ in range(count)]
    sessions = [
        MemberSession(
            id=new_id(),
            family_id=new_id(),
            member_id=member_id,
            access_hash=token_hash(token),
            access_expires_at=now + timedelta(hours=2),
            refresh_hash=token_hash(opaque_token()),
            refresh_expires_at=now + timedelta(days=30),
            created_at=now,
        )
        for member_id, token in people
    ]
    with atomic() as session:
        session.add_all(Member(id=member_id, created_at=now) for member_id, _ in people)
        session.flush()
        session.add_all(sessions)
    return [token for _, token in people]


def together(runs: Sequence[Callable[[], T]], *, threads: int) -> list[T]:
    """Run all of them in so many threads that start together; their results in order."""
    start = Barrier(threads)

    def begin() -> None:
        start.wait(timeout=60)

    with ThreadPoolExecutor(threads, initializer=begin) as pool:
        return list(pool.map(lambda run: run(), runs))
