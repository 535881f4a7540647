"""What the database asks to be run again is run again as a whole, a few times; codes tell failures apart."""

import sqlite3
import threading
from collections.abc import Generator

import pytest
from flask import Flask
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError, OperationalError

from miniprogram_api.kernel.database_trouble import Trouble, trouble_of
from miniprogram_api.kernel.db import RETRIES, Heartbeat, atomic, db, reading, retrying, single_statement
from miniprogram_api.kernel.errors import Unavailable


def _error(
    *, invalidated: bool = False, kind: type[DBAPIError] = OperationalError, **codes: object
) -> DBAPIError:
    class DriverError(Exception):
        pass

    original = DriverError("text of the driver")
    vars(original).update(codes)
    return kind("SELECT 1", {}, original, connection_invalidated=invalidated)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (_error(invalidated=True, sqlstate="23505"), Trouble.TRANSIENT),
        (_error(sqlstate="40001"), Trouble.TRANSIENT),
        (_error(sqlstate="40P01"), Trouble.TRANSIENT),
        (_error(sqlstate="55P03"), Trouble.TRANSIENT),
        (_error(sqlstate="57014"), Trouble.BUSY),
        (_error(sqlstate="53300"), Trouble.BUSY),
        (_error(sqlstate=None), Trouble.BUSY),
        (_error(), Trouble.BUSY),
        (_error(kind=DatabaseError), Trouble.BUG),
        (_error(sqlstate="53100"), Trouble.FULL),
        (_error(sqlstate="23505"), Trouble.RIVAL),
        (_error(sqlstate="23503"), Trouble.RIVAL),
        (_error(sqlstate="22003"), Trouble.DATA),
        (_error(sqlstate="23514"), Trouble.BUG),
        (_error(sqlstate="42P01"), Trouble.BUG),
        (_error(sqlite_errorcode=sqlite3.SQLITE_BUSY), Trouble.TRANSIENT),
        (_error(sqlite_errorcode=sqlite3.SQLITE_BUSY_SNAPSHOT), Trouble.TRANSIENT),
        (_error(sqlite_errorcode=sqlite3.SQLITE_FULL), Trouble.FULL),
        (_error(sqlite_errorcode=sqlite3.SQLITE_CONSTRAINT_UNIQUE), Trouble.RIVAL),
        (_error(sqlite_errorcode=sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY), Trouble.RIVAL),
        (_error(sqlite_errorcode=sqlite3.SQLITE_CONSTRAINT_CHECK), Trouble.BUG),
        (_error(sqlite_errorcode=sqlite3.SQLITE_ERROR), Trouble.BUG),
    ],
)
def test_failures_are_told_apart_by_their_codes(error: DBAPIError, trouble: Trouble) -> None:
    assert trouble_of(error) is trouble


@pytest.mark.parametrize(
    ("statement", "trouble"),
    [
        ("INSERT INTO kernel_heartbeat (id, beats) VALUES (1, 0)", Trouble.RIVAL),
        ("INSERT INTO kernel_heartbeat (id, beats) VALUES (2, NULL)", Trouble.BUG),
        ("SELECT nothing FROM nowhere", Trouble.BUG),
    ],
)
def test_real_failures_are_told_apart(app: Flask, statement: str, trouble: Trouble) -> None:
    with pytest.raises(DBAPIError) as failure, atomic() as session:
        session.execute(text(statement))
    assert trouble_of(failure.value) is trouble


def test_a_value_that_no_column_takes_is_told_apart(app: Flask, on_postgres: bool) -> None:
    if not on_postgres:
        pytest.skip("SQLite columns take anything")
    with pytest.raises(DataError) as failure, atomic() as session:
        session.execute(text("UPDATE kernel_heartbeat SET beats = 2 ^ 80"))
    assert trouble_of(failure.value) is Trouble.DATA


def _retries() -> float:
    return RETRIES._value.get()


class _Edge:
    """Fails so often, then succeeds; counts its runs."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.runs = 0

    def __call__(self) -> str:
        self.runs += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


def _run(edge: _Edge) -> str:
    return retrying(lambda: edge())()


def test_an_edge_runs_again_after_a_transient_failure() -> None:
    edge = _Edge(_error(sqlstate="40001"), _error(sqlite_errorcode=sqlite3.SQLITE_BUSY))
    before = _retries()
    assert _run(edge) == "done"
    assert edge.runs == 3
    assert _retries() == before + 2


def test_the_third_failure_is_an_unavailable_service() -> None:
    edge = _Edge(*[_error(sqlstate="40P01") for _ in range(5)])
    with pytest.raises(Unavailable) as refusal:
        _run(edge)
    assert edge.runs == 3
    assert refusal.value.retry_after_s == 1


@pytest.mark.parametrize("failure", [_error(sqlstate="23505"), _error(sqlstate="57014"), ValueError("ours")])
def test_other_failures_are_not_tried_again(failure: Exception) -> None:
    edge = _Edge(failure)
    with pytest.raises(type(failure)):
        _run(edge)
    assert edge.runs == 1


@pytest.fixture
def two_rows(app: Flask) -> Generator[None]:
    with atomic() as session:
        session.add(Heartbeat(id=2, beats=0))
        session.execute(update(Heartbeat).values(beats=0))
    yield
    with atomic() as session:
        session.delete(session.get_one(Heartbeat, 2))


@pytest.mark.usefixtures("two_rows")
def test_two_edges_in_opposite_order_both_succeed_after_a_deadlock(app: Flask, on_postgres: bool) -> None:
    if not on_postgres:
        pytest.skip("SQLite's writers queue and cannot deadlock")
    both_hold_one = threading.Barrier(2)
    runs = {1: 0, 2: 0}
    failures: list[BaseException] = []

    @retrying
    def cross(first: int, second: int) -> None:
        runs[first] += 1
        with atomic() as session:
            session.execute(_beat(first))
            if runs[first] == 1:
                both_hold_one.wait(10)
            session.execute(_beat(second))

    def run(first: int, second: int) -> None:
        with app.app_context():
            try:
                cross(first, second)
            except BaseException as failure:  # shown to the test
                failures.append(failure)

    threads = [threading.Thread(target=run, args=order) for order in [(1, 2), (2, 1)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert sorted(runs.values()) == [1, 2], "the harness made no deadlock"
    with reading() as session:
        assert session.scalars(select(Heartbeat.beats)).all() == [2, 2]


def _beat(heartbeat_id: int) -> object:
    return update(Heartbeat).where(Heartbeat.id == heartbeat_id).values(beats=Heartbeat.beats + 1)


@pytest.mark.usefixtures("two_rows")
def test_a_serialisation_failure_is_run_again_and_leaves_no_partial_write(
    app: Flask, on_postgres: bool
) -> None:
    if not on_postgres:
        pytest.skip("SQLite's writers queue")
    runs = 0

    @retrying
    def edge() -> None:
        nonlocal runs
        runs += 1
        with atomic() as session:
            session.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
            seen = session.scalar(select(Heartbeat.beats).where(Heartbeat.id == 1))
            if runs == 1:
                with db.engine.begin() as rival:
                    rival.execute(_beat(1))
            session.execute(_beat(2))
            session.execute(update(Heartbeat).where(Heartbeat.id == 1).values(beats=seen + 10))

    edge()
    assert runs == 2
    with reading() as session:
        assert session.scalars(select(Heartbeat.beats).order_by(Heartbeat.id)).all() == [11, 1]


def test_a_lock_that_stays_taken_ends_as_unavailable_with_nothing_written(
    app: Flask, on_postgres: bool
) -> None:
    runs = 0
    options = {} if on_postgres else {"write": True}

    @retrying
    def edge() -> None:
        nonlocal runs
        runs += 1
        with atomic() as session:
            if on_postgres:
                session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            session.execute(update(Heartbeat).values(beats=99))

    if not on_postgres:
        _be_impatient()
    with db.engine.connect().execution_options(**options) as holder:
        holder.execute(update(Heartbeat).values(beats=1))
        with pytest.raises(Unavailable):
            edge()
        holder.commit()
    assert runs == 3
    with reading() as session:
        assert session.scalar(select(Heartbeat.beats)) == 1


def _be_impatient() -> None:
    """Have transactions give up on a busy file at once."""

    @event.listens_for(db.engine, "checkout")
    def set_timeout(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout = 20")


class _Lost:
    """A connection that is gone when it commits, or when a statement runs."""

    def __init__(self) -> None:
        self.error = _error(invalidated=True)

    def __call__(self, *_: object, **__: object) -> None:
        raise self.error


def test_a_commit_whose_answer_is_lost_is_not_run_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = 0

    @retrying
    def edge() -> None:
        nonlocal runs
        runs += 1
        with atomic() as session:
            monkeypatch.setattr(session, "commit", _Lost())

    with pytest.raises(Unavailable):
        edge()
    assert runs == 1


def test_a_single_statement_whose_answer_is_lost_is_not_run_again(app: Flask) -> None:
    runs = 0

    @retrying
    def edge() -> None:
        nonlocal runs
        runs += 1
        with single_statement():
            _Lost()()

    with pytest.raises(Unavailable):
        edge()
    assert runs == 1


def test_a_connection_lost_before_the_commit_is_run_again(app: Flask) -> None:
    runs = 0

    @retrying
    def edge() -> str:
        nonlocal runs
        runs += 1
        with atomic():
            if runs == 1:
                _Lost()()
        return "done"

    assert edge() == "done"
    assert runs == 2


def test_a_constraint_at_commit_is_reported_as_it_is(app: Flask) -> None:
    with pytest.raises(IntegrityError), single_statement() as session:
        session.add(Heartbeat(id=1, beats=0))


def test_the_engine_gives_up_early_on_postgres(app: Flask, on_postgres: bool) -> None:
    if not on_postgres:
        pytest.skip("limits of PostgreSQL")
    with reading() as session:
        shown = {name: session.scalar(text(f"SHOW {name}")) for name in ("statement_timeout", "lock_timeout")}
    assert shown == {"statement_timeout": "5s", "lock_timeout": "3s"}
