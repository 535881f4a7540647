"""Transactions: what an edge opens is committed whole or not at all, and reads cannot write."""

import pytest
from flask import Flask
from sqlalchemy import insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.kernel.db import (
    Heartbeat,
    after_commit,
    atomic,
    db,
    execute_counting,
    is_sqlite,
    reading,
    single_statement,
)

pytestmark = pytest.mark.usefixtures("app")


def _beats() -> int:
    with reading() as session:
        return session.get_one(Heartbeat, 1).beats


@pytest.fixture(autouse=True)
def _still(app: Flask) -> None:
    with atomic() as session:
        session.get_one(Heartbeat, 1).beats = 0


@pytest.mark.parametrize("block", [atomic, single_statement])
def test_a_block_that_ends_well_is_committed(block: type[atomic]) -> None:
    with block() as session:
        session.execute(update(Heartbeat).values(beats=7))
    assert _beats() == 7


def test_a_block_that_fails_leaves_nothing() -> None:
    def fail() -> None:
        with atomic() as session:
            session.get_one(Heartbeat, 1).beats = 7
            session.flush()
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert _beats() == 0


def test_a_block_that_is_interrupted_leaves_nothing() -> None:
    def stop() -> None:
        with atomic() as session:
            session.execute(update(Heartbeat).values(beats=7))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert _beats() == 0


def test_a_flush_that_fails_at_the_end_leaves_nothing_and_the_session_usable() -> None:
    def fail() -> None:
        with atomic() as session:
            session.execute(update(Heartbeat).values(beats=7))
            session.add(Heartbeat(id=1, beats=1))

    with pytest.raises(IntegrityError):
        fail()
    assert _beats() == 0


@pytest.mark.parametrize("inner", [atomic, single_statement, reading])
@pytest.mark.parametrize("outer", [atomic, single_statement, reading])
def test_a_block_does_not_open_inside_another(outer: type[atomic], inner: type[atomic]) -> None:
    with outer(), pytest.raises(RuntimeError, match="does not join"), inner():
        pass


def test_a_write_in_a_second_context_of_the_same_thread_is_refused_instead_of_waiting_for_itself(
    app: Flask, on_postgres: bool
) -> None:
    if on_postgres:
        pytest.skip("writers queue on SQLite only")
    with atomic(), app.app_context(), pytest.raises(RuntimeError, match="wait for itself"), atomic():
        pass


def test_what_was_read_stays_readable_and_opens_no_transaction_unseen() -> None:
    with reading() as session:
        heartbeat = session.get_one(Heartbeat, 1)
    assert heartbeat.beats == 0
    assert inspect(heartbeat).detached
    assert not db.session().in_transaction()


def test_a_later_block_sees_what_others_committed_since() -> None:
    with atomic() as session:
        held = session.get_one(Heartbeat, 1)
    with db.engine.begin() as other:
        other.execute(update(Heartbeat).values(beats=5))
    with atomic() as session:
        assert session.get_one(Heartbeat, 1).beats == 5
    assert held.beats == 0


def test_a_read_refuses_a_changed_object() -> None:
    with pytest.raises(RuntimeError, match="does not write"), reading() as session:
        session.get_one(Heartbeat, 1).beats = 7
    assert _beats() == 0


def test_a_read_refuses_a_flush() -> None:
    with reading() as session:
        session.add(Heartbeat(id=2, beats=0))
        with pytest.raises(RuntimeError, match="does not write"):
            session.flush()
        session.expunge_all()


@pytest.mark.parametrize(
    "statement", [update(Heartbeat).values(beats=7), insert(Heartbeat).values(id=2, beats=7)]
)
def test_a_read_refuses_a_writing_statement(statement: object) -> None:
    with pytest.raises(RuntimeError, match="does not write"), reading() as session:
        session.execute(statement)  # type: ignore[call-overload]  # both kinds are executable
    assert _beats() == 0


def test_a_read_may_use_literal_sql() -> None:
    with reading() as session:
        assert session.scalar(text("SELECT count(*) FROM kernel_heartbeat")) == 1


def test_a_read_that_fails_ends_its_transaction() -> None:
    with pytest.raises(ValueError, match="reader"), reading():
        raise ValueError("reader")
    assert _beats() == 0


def test_a_read_on_sqlite_is_one_snapshot(on_postgres: bool) -> None:
    if on_postgres:
        pytest.skip("PostgreSQL reads statement by statement")
    with reading() as session:
        before = session.scalar(select(Heartbeat.beats))
        with db.engine.connect().execution_options(write=True) as other:
            other.execute(update(Heartbeat).values(beats=9))
            other.commit()
        assert session.scalar(select(Heartbeat.beats)) == before
    assert _beats() == 9


def test_callbacks_run_after_the_commit_in_order() -> None:
    seen: list[tuple[str, int]] = []

    def see(name: str) -> None:
        seen.append((name, _beats()))

    with atomic() as session:
        session.get_one(Heartbeat, 1).beats = 7
        after_commit(session, lambda: see("first"))
        after_commit(session, lambda: see("second"))
        assert seen == []
    assert seen == [("first", 7), ("second", 7)]


def test_callbacks_of_a_failed_block_never_run() -> None:
    seen: list[str] = []

    def fail() -> None:
        with atomic() as session:
            after_commit(session, lambda: seen.append("rolled back"))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    with atomic():
        pass
    assert seen == []


def test_a_failing_callback_does_not_undo_the_commit_nor_stop_the_others() -> None:
    seen: list[str] = []

    def broken() -> None:
        raise OSError("no bell")

    with atomic() as session:
        session.get_one(Heartbeat, 1).beats = 7
        after_commit(session, broken)
        after_commit(session, lambda: seen.append("rung"))
    assert seen == ["rung"]
    assert _beats() == 7


def test_bulk_changes_are_counted() -> None:
    with atomic() as session:
        assert execute_counting(session, update(Heartbeat).values(beats=3)) == 1
        assert execute_counting(session, update(Heartbeat).where(Heartbeat.id == 9).values(beats=3)) == 0


def test_the_dialect_is_known(on_postgres: bool) -> None:
    with reading() as session:
        assert is_sqlite(session) is not on_postgres


def test_parameters_are_not_part_of_a_failure_s_text() -> None:
    with pytest.raises(IntegrityError) as failure, atomic() as session:
        session.execute(insert(Heartbeat).values(id=1, beats=13800138000))
    assert "13800138000" not in str(failure.value)


def test_foreign_sessions_may_write_as_they_like(app: Flask) -> None:
    with Session(db.engine) as session:
        session.execute(update(Heartbeat).values(beats=2))
        session.rollback()
    assert _beats() == 0
