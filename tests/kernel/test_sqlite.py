"""SQLite as a real mode: no seat is sold twice, a full disk loses nothing, and the pragmas hold."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import DBAPIError

from miniprogram_api.kernel.database_trouble import Trouble, trouble_of
from miniprogram_api.kernel.db import Heartbeat, atomic, db, reading

CAPACITY = 20
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sqlite_app(app: Flask, on_postgres: bool) -> Flask:
    if on_postgres:
        pytest.skip("about SQLite")
    return app


def _sell(tmp_path: Path, transactions: str) -> tuple[int, int]:
    """Have three processes sell what they think is free; returns the seats sold and the attempts failed."""
    path = tmp_path / f"{transactions}.db"
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE seats (id INTEGER PRIMARY KEY, seller TEXT)")
    connection.close()
    command = [sys.executable, "-m", "tests.support.seat_seller", str(path), transactions, str(CAPACITY)]
    sellers = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        for number in range(3)
    ]
    for seller in sellers:
        assert seller.stdout is not None
        assert seller.stdout.readline() == b"ready\n"
    failed = 0
    for seller in sellers:
        assert seller.stdin is not None
        seller.stdin.write(b"go\n")
        seller.stdin.flush()
    for seller in sellers:
        output, _ = seller.communicate(timeout=60)
        failed += int(output)
    with sqlite3.connect(path) as connection:
        (sold,) = connection.execute("SELECT count(*) FROM seats").fetchone()
    connection.close()
    return sold, failed


def test_our_transactions_sell_every_seat_once_and_fail_nobody(tmp_path: Path) -> None:
    assert _sell(tmp_path, "ours") == (CAPACITY, 0)


def test_the_driver_s_own_transactions_oversell_in_the_same_harness(tmp_path: Path) -> None:
    sold, _failed = _sell(tmp_path, "driver")
    assert sold > CAPACITY, "the harness shows no race, so it proves nothing"


def test_deferred_transactions_fail_in_the_same_harness(tmp_path: Path) -> None:
    _sold, failed = _sell(tmp_path, "deferred")
    assert failed > 0, "the harness shows no race, so it proves nothing"


def test_writers_of_many_threads_all_succeed_and_lose_no_update(sqlite_app: Flask) -> None:
    with atomic() as session:
        session.execute(update(Heartbeat).values(beats=0))
    failures: list[BaseException] = []

    def add_ten() -> None:
        with sqlite_app.app_context():
            try:
                for _ in range(10):
                    with atomic() as session:
                        beats = session.scalar(select(Heartbeat.beats))
                        session.execute(update(Heartbeat).values(beats=beats + 1))
            except BaseException as failure:  # shown to the test
                failures.append(failure)

    threads = [threading.Thread(target=add_ten) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with reading() as session:
        assert session.scalar(select(Heartbeat.beats)) == 80


def test_a_full_disk_leaves_nothing_half_written_and_writes_resume(sqlite_app: Flask) -> None:
    full = True

    @event.listens_for(db.engine, "checkout")
    def limit(connection: sqlite3.Connection, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages if full else 2**30}")

    def write(events: int) -> None:
        with atomic() as session:
            session.execute(update(Heartbeat).values(beats=77))
            for _ in range(events):
                session.execute(
                    text("INSERT INTO kernel_events VALUES (hex(randomblob(16)), 'x', :body, '2026-01-01')"),
                    {"body": '"' + "x" * 3000 + '"'},
                )

    with pytest.raises(DBAPIError) as failure:
        write(50)
    assert trouble_of(failure.value) is Trouble.FULL
    with reading() as session:
        assert session.scalar(text("SELECT count(*) FROM kernel_events")) == 0
        assert session.scalar(select(Heartbeat.beats)) == 0
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
    full = False
    write(50)
    with reading() as session:
        assert session.scalar(text("SELECT count(*) FROM kernel_events")) == 50


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)],
)
def test_every_connection_is_tuned(sqlite_app: Flask, pragma: str, value: object) -> None:
    with reading() as session:
        assert session.scalar(text(f"PRAGMA {pragma}")) == value
