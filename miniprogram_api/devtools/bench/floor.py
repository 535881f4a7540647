"""The bare transaction: a booking as one statement on two tables of its own, with nothing around it.

Run as processes of their own with threads, as the server is; what the product adds is a ratio to it.
"""

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text

_SLOTS = 100
_TABLES = (
    "CREATE TABLE bench_slots (id INTEGER PRIMARY KEY, capacity INTEGER NOT NULL,"
    " booked INTEGER NOT NULL, CHECK (booked <= capacity))",
    "CREATE TABLE bench_bookings (id CHAR(32) PRIMARY KEY,"
    " slot_id INTEGER NOT NULL REFERENCES bench_slots (id), seats INTEGER NOT NULL)",
)
_BOOK_POSTGRES = text(
    "WITH taken AS (UPDATE bench_slots SET booked = booked + 1 WHERE id = :slot AND booked + 1 <= capacity"
    " RETURNING id)"
    " INSERT INTO bench_bookings (id, slot_id, seats) SELECT :id, id, 1 FROM taken RETURNING slot_id"
)
_TAKE = text(
    "UPDATE bench_slots SET booked = booked + 1 WHERE id = :slot AND booked + 1 <= capacity RETURNING id"
)
_BOOK = text("INSERT INTO bench_bookings (id, slot_id, seats) VALUES (:id, :slot, 1)")


@dataclass(slots=True)
class Order:
    """What one process does."""

    url: str
    threads: int
    seconds: float
    slots: int = _SLOTS  # 1: all book the same


@dataclass(slots=True)
class Result:
    booked: int
    seconds: float


def create_tables(url: str) -> None:
    """Make both tables with slots that never fill."""
    engine = _engine(url)
    with engine.begin() as connection:
        for statement in _TABLES:
            connection.execute(text(statement))
        rows = [{"id": number} for number in range(_SLOTS)]
        connection.execute(
            text("INSERT INTO bench_slots (id, capacity, booked) VALUES (:id, 1000000000, 0)"), rows
        )
    engine.dispose()


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, isolation_level="AUTOCOMMIT", pool_size=16)
    engine = create_engine(url, connect_args={"timeout": 10}, pool_size=32)

    @event.listens_for(engine, "connect")
    def tune(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _books_in_one_statement(connection: Connection, slot: int) -> None:
    connection.execute(_BOOK_POSTGRES, {"slot": slot, "id": uuid.uuid4().hex})


_turn = threading.Lock()


def _books_in_one_transaction(connection: Connection, slot: int) -> None:
    # SQLite has one writer; waiting for it in the process is cheaper than in the file.
    with _turn, connection.begin():
        connection.execute(_TAKE, {"slot": slot})
        connection.execute(_BOOK, {"slot": slot, "id": uuid.uuid4().hex})


def book_for(order: Order, engine: Engine) -> Result:
    """Book from all threads until the time is over."""
    book: Callable[[Connection, int], None] = (
        _books_in_one_transaction if engine.dialect.name == "sqlite" else _books_in_one_statement
    )
    counts = [0] * order.threads
    until = time.perf_counter() + order.seconds

    def work(number: int) -> None:
        with engine.connect() as connection:
            while time.perf_counter() < until:
                book(connection, (number * 7 + counts[number]) % order.slots)
                counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(order.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Result(sum(counts), order.seconds)


def main() -> None:
    """Read an order, say `ready`, wait for a line, book and print the result."""
    order = Order(**json.loads(sys.stdin.readline()))
    engine = _engine(order.url)
    book_for(Order(order.url, 1, 0.05), engine)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(asdict(book_for(order, engine))), flush=True)


if __name__ == "__main__":
    main()
