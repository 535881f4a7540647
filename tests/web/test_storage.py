"""A full disk over HTTP: the client is told, nothing is half written, and writing resumes (T10)."""

import sqlite3

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from miniprogram_api.kernel.db import Heartbeat, atomic, db, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.idempotency import StoredAnswer
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.support.leaks import Watcher
from tests.support.problems import assert_problem
from tests.web.conftest import Probe


def _book(client: FlaskClient) -> TestResponse:
    headers = {"Authorization": "Bearer mp_alice_test.book", "Idempotency-Key": "key-1"}
    return client.post("/_probe/booked", headers=headers, json={"adults": 2})


def test_a_full_disk_is_told_and_leaves_nothing(
    app: Flask, client: FlaskClient, probe: Probe, clock: Clock, watcher: Watcher, on_postgres: bool
) -> None:
    if on_postgres:
        pytest.skip("SQLite can be told that its disk is full")
    with atomic() as session:
        session.get_one(Heartbeat, 1).beats = 0
    full = True

    @event.listens_for(db.engine, "checkout")
    def limit(connection: sqlite3.Connection, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages if full else 2**30}")

    def write_much() -> None:
        for _ in range(50):
            row = EventRow(id=new_id(), name="test.large", payload={"x": "x" * 3_000}, occurred_at=clock.now)
            db.session().add(row)

    probe.fail = write_much
    refused = _book(client)
    assert_problem(refused, 507, "storage.full")
    assert refused.headers["Retry-After"] == "60"
    assert any("storage_full" in line for line in watcher.lines)
    with reading() as session:
        assert session.get_one(Heartbeat, 1).beats == 0
        for table in (EventRow, StoredAnswer):
            assert session.scalar(select(func.count()).select_from(table)) == 0
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    full = False
    assert _book(client).status_code == 201
    with reading() as session:
        assert session.get_one(Heartbeat, 1).beats == 2
