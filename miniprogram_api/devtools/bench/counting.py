"""How often a request talks to the database and to Redis, counted in this process while nothing is timed."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis.connection
from flask import Flask
from sqlalchemy import Connection, event

from miniprogram_api.devtools.bench.traffic import Request, address
from miniprogram_api.kernel.db import db
from miniprogram_api.web import prepared

_IN_TRANSACTION = "bench_statements_in_transaction"


@dataclass(slots=True)
class Talk:
    """What one request said. `trips` counts BEGIN and COMMIT too, which cost a way each on PostgreSQL."""

    status: int = 0
    statements: int = 0
    trips: int = 0
    redis_trips: int = 0


def count(app: Flask, request: Request, *, number: int = 0, afresh: bool = False) -> Talk:
    """Send one request through the application; `afresh` forgets prepared pages before it."""
    if afresh:
        prepared.forget()
    headers = request.headers | {"X-Forwarded-For": address(number)}
    with app.app_context(), counting() as talk:
        answer = app.test_client().open(
            request.path,
            method=request.method,
            headers=headers,
            data=request.body,
            content_type="application/json" if request.body is not None else None,
        )
    talk.status = answer.status_code
    return talk


@contextmanager
def counting() -> Generator[Talk]:
    """Count everything this process says while the block runs. Needs an application context."""
    talk = Talk()
    engine = db.engine
    hooks = (
        ("before_cursor_execute", _on_statement(talk)),
        ("commit", _on_end(talk)),
        ("rollback", _on_end(talk)),
    )
    for name, hook in hooks:
        event.listen(engine, name, hook)
    try:
        with _counting_redis(talk):
            yield talk
    finally:
        for name, hook in hooks:
            event.remove(engine, name, hook)


def _on_statement(talk: Talk) -> Any:
    def hook(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("BEGIN"):
            return
        talk.statements += 1
        talk.trips += 1
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.info[_IN_TRANSACTION] = True

    return hook


def _on_end(talk: Talk) -> Any:
    def hook(connection: Connection) -> None:
        if connection.info.pop(_IN_TRANSACTION, False):
            talk.trips += 2

    return hook


@contextmanager
def _counting_redis(talk: Talk) -> Generator[None]:
    """Every write to a Redis socket is one round trip; a pipeline is one write."""
    original = redis.connection.AbstractConnection.send_packed_command

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        talk.redis_trips += 1
        return original(self, *args, **kwargs)  # type: ignore[no-untyped-call]  # redis-py

    redis.connection.AbstractConnection.send_packed_command = counted  # type: ignore[method-assign]  # put back below
    try:
        yield
    finally:
        redis.connection.AbstractConnection.send_packed_command = original  # type: ignore[method-assign]  # as it was
