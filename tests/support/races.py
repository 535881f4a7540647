"""Running things at the same time, and making sure that they really meet."""

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask
from sqlalchemy import event, text

from miniprogram_api.kernel.db import atomic, db

T = TypeVar("T")


def at_once(app: Flask, runs: Sequence[Callable[[], T]], *, threads: int | None = None) -> list[T]:
    """Run all of them in threads that start together, one for each or so many; their results in order."""
    threads = threads or len(runs)
    start = threading.Barrier(threads)

    def begin() -> None:
        start.wait(timeout=60)

    def racer(run: Callable[[], T]) -> T:
        with app.app_context():
            return run()

    with ThreadPoolExecutor(threads, initializer=begin) as pool:
        return list(pool.map(racer, runs))


def meeting_first(function: Callable[..., T], racers: int) -> Callable[..., T]:
    """The function, whose first call in each thread waits until so many threads are there."""
    meeting, seen = threading.Barrier(racers), threading.local()

    def meet(*args: Any, **kwargs: Any) -> T:
        if not getattr(seen, "met", False):
            seen.met = True
            meeting.wait(timeout=60)
        return function(*args, **kwargs)

    return meet


@contextmanager
def without_check(table: str, constraint: str, *, repair: str) -> Generator[None]:
    """Switch a CHECK off, so that a control can show what it and the guard before it prevent."""
    if db.engine.dialect.name == "sqlite":
        yield from _without_sqlite_checks()
        return
    with atomic() as session:
        definition = session.scalar(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
            {"name": constraint},
        )
        session.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"))
    try:
        yield
    finally:
        with atomic() as session:
            session.execute(text(repair))
            session.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}"))


def _without_sqlite_checks() -> Generator[None]:
    def ignore(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA ignore_check_constraints=ON")

    def heed(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA ignore_check_constraints=OFF")

    event.listen(db.engine, "checkout", ignore)
    event.listen(db.engine, "checkin", heed)
    try:
        yield
    finally:
        event.remove(db.engine, "checkout", ignore)
        event.remove(db.engine, "checkin", heed)


@contextmanager
def locked_elsewhere(table: str, row_id: UUID) -> Generator[bool]:
    """Another transaction holds a row; False on SQLite, where writers come one by one and nothing is held."""
    if db.engine.dialect.name == "sqlite":
        yield False
        return
    with db.engine.connect() as connection, connection.begin():
        connection.execute(text(f"SELECT id FROM {table} WHERE id = :id FOR UPDATE"), {"id": row_id})
        yield True
