"""The feed under load: eight writers with commits that take their time, and a reader that polls meanwhile."""

import random
import threading
from collections.abc import Callable, Generator

import psycopg
import pytest
from flask import Flask
from sqlalchemy import make_url, select

from miniprogram_api.kernel import feeds
from miniprogram_api.kernel.db import atomic, db, reading
from tests.support.feeds import POSTS, Post, Project, out_of_order, tables_of_tests
from tests.support.races import at_once

WRITERS, ROWS, PROJECTS = 8, 10_000, 400
A_TRANSACTION, OF_PROJECTS = 100, 5
ROUNDS = ROWS // A_TRANSACTION

_POST = """
    WITH locked AS (SELECT id, version FROM test_projects WHERE id = ANY(%(chosen)s) ORDER BY id FOR UPDATE),
    raised AS (UPDATE test_projects p SET version = l.version + %(each)s FROM locked l WHERE p.id = l.id)
    INSERT INTO test_posts (project, version)
    SELECT id, version + step FROM locked, generate_series(1, %(each)s) AS step
"""


@pytest.fixture(autouse=True)
def _tables(app: Flask, on_postgres: bool) -> Generator[None]:
    if not on_postgres:
        pytest.skip("SQLite's writers come one by one; its small form is in tests/kernel/test_feeds.py")
    with tables_of_tests():
        with atomic() as session:
            session.add_all(Project(id=number, version=0) for number in range(PROJECTS))
        yield


def _write(finished: threading.Event, running: list[int]) -> list[tuple[int, int]]:
    """10,000 rows over a connection of its own, each transaction waiting a random while before its commit."""
    url = make_url(db.engine.url).set(drivername="postgresql").render_as_string(hide_password=False)
    each = A_TRANSACTION // OF_PROJECTS
    with psycopg.connect(url) as connection:
        for _ in range(ROUNDS):
            chosen = random.sample(range(PROJECTS), OF_PROJECTS)
            connection.execute(_POST, {"chosen": chosen, "each": each})
            connection.execute("SELECT pg_sleep(%s)", [random.uniform(0, 0.03)])
            connection.commit()
    running.pop()
    if not running:
        finished.set()
    return []


def _relay(finished: threading.Event, placed: threading.Event) -> list[tuple[int, int]]:
    while True:
        over = finished.is_set()
        with atomic() as session:
            count = feeds.sequence(session, POSTS)
        if over and count == 0:
            placed.set()
            return []


def _follow_places(placed: threading.Event) -> list[tuple[int, int]]:
    cursor: str | None = None
    found: list[tuple[int, int]] = []
    while True:
        over = placed.is_set()
        with reading() as session:
            page = feeds.read(session, POSTS, cursor=cursor, limit=500)
        cursor = page.cursor
        found += [(row.project, row.version) for row in page.items]
        if over and not page.has_more:
            return found


def _follow_ids(placed: threading.Event) -> list[tuple[int, int]]:
    """The control: what everybody writes first, a cursor on the id."""
    last, found = 0, []
    while True:
        over = placed.is_set()
        with reading() as session:
            later = select(Post.id, Post.project, Post.version).where(Post.id > last)
            rows = session.execute(later.order_by(Post.id).limit(500)).all()
        found += [(row.project, row.version) for row in rows]
        last = rows[-1].id if rows else last
        if over and len(rows) < 500:
            return found


def test_eight_writers_lose_nothing_and_a_cursor_on_the_id_would(app: Flask) -> None:
    finished, placed = threading.Event(), threading.Event()
    running = [1] * WRITERS
    runs: list[Callable[[], list[tuple[int, int]]]] = [
        *[lambda: _write(finished, running)] * WRITERS,
        *[lambda: _relay(finished, placed)] * 2,
        lambda: _follow_places(placed),
        lambda: _follow_ids(placed),
    ]
    *_, by_place, by_id = at_once(app, runs)
    assert len(by_place) == len(set(by_place)) == WRITERS * ROWS
    assert out_of_order(by_place) == []
    with reading() as session:
        places = session.scalars(select(Post.feed_seq).order_by(Post.feed_seq)).all()
    assert places == list(range(1, WRITERS * ROWS + 1))
    assert len(set(by_id)) < WRITERS * ROWS, "the control lost nothing: the harness proves nothing"
