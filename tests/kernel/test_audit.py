"""The audit chain: sealed behind the commands in order, and any later change of a row breaks it (I9)."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from miniprogram_api.kernel import audit
from miniprogram_api.kernel.audit import SYSTEM, Actor, AuditHead, AuditRow, Verdict
from miniprogram_api.kernel.db import atomic, reading
from tests.conftest import Clock

pytestmark = pytest.mark.usefixtures("app", "clock")

STAFF = Actor(kind="staff", id="s-1", organisation_id="o-1", ip="10.0.0.7", request_id="r-12345678")


def _note(number: int, **over: Any) -> None:
    facts = {"action": "site.change", "object_type": "site", "object_id": f"site-{number}"} | over
    with atomic() as session:
        audit.record(
            session,
            actor=STAFF,
            before={"名": "甲", "n": number},
            after={"n": number + 1},
            reason="盘点",
            **facts,
        )


def _sealed(rows: int) -> None:
    for number in range(rows):
        _note(number)
    audit.seal_audit()


def _verdict() -> Verdict:
    with reading() as session:
        return audit.verify(session)


def test_rows_are_sealed_in_order_and_verify() -> None:
    _sealed(5)
    with reading() as session:
        rows = session.execute(
            select(AuditRow.object_id, AuditRow.sequence).order_by(AuditRow.sequence)
        ).all()
    assert rows == [(f"site-{number}", number + 1) for number in range(5)]
    assert _verdict() == Verdict(rows=5, unsealed=0, broken_at=None)


def test_an_empty_chain_verifies() -> None:
    assert _verdict() == Verdict(rows=0, unsealed=0, broken_at=None)
    assert _verdict().ok


def test_a_row_says_who_did_what_to_which_object_and_why(clock: Clock) -> None:
    _note(1)
    with reading() as session:
        row = session.scalars(select(AuditRow)).one()
    assert (row.actor_kind, row.actor_id, row.organisation_id) == ("staff", "s-1", "o-1")
    assert (row.ip, row.request_id, row.at) == ("10.0.0.7", "r-12345678", clock.now)
    assert (row.action, row.object_type, row.object_id) == ("site.change", "site", "site-1")
    assert (row.before, row.after, row.reason) == ({"名": "甲", "n": 1}, {"n": 2}, "盘点")
    assert (row.sequence, row.hash) == (None, None)


def test_rows_that_wait_are_counted_and_do_not_break_the_chain() -> None:
    _sealed(2)
    with atomic() as session:
        audit.record(session, actor=SYSTEM, action="sweep", object_type="slot", object_id="1")
    assert _verdict() == Verdict(rows=2, unsealed=1, broken_at=None)
    audit.seal_audit()
    assert _verdict() == Verdict(rows=3, unsealed=0, broken_at=None)


def test_a_row_that_was_rolled_back_is_not_missed() -> None:
    def fail() -> None:
        with atomic() as session:
            audit.record(session, actor=SYSTEM, action="a", object_type="t", object_id="1")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    _sealed(1)
    assert _verdict() == Verdict(rows=1, unsealed=0, broken_at=None)


def test_more_rows_than_a_batch_are_sealed_in_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_BATCH", 3)
    _sealed(7)
    assert _verdict() == Verdict(rows=7, unsealed=0, broken_at=None)


@pytest.mark.parametrize(
    "change",
    [
        {"actor_kind": "member"},
        {"actor_id": "s-2"},
        {"organisation_id": None},
        {"action": "site.view"},
        {"object_type": "slot"},
        {"object_id": "site-9"},
        {"before": None},
        {"before": {"名": "乙", "n": 1}},
        {"after": {"n": 3}},
        {"reason": ""},
        {"reason": None},
        {"ip": "10.0.0.8"},
        {"request_id": None},
        {"hash": b"\0" * 32},
        {"hash": None},
        {"sequence": 9},
        {"sequence": None},
    ],
    ids=str,
)
def test_a_changed_column_breaks_the_chain_at_its_row(change: dict[str, Any]) -> None:
    _sealed(4)
    with atomic() as session:
        session.execute(update(AuditRow).where(AuditRow.sequence == 2).values(change))
    assert _verdict().broken_at == 2
    assert not _verdict().ok


def test_every_column_is_part_of_the_chain() -> None:
    """A column added later must be hashed too, or be named here with a reason."""
    hashed_otherwise = {"sequence", "hash"}
    covered = {
        "id", "at", "actor_kind", "actor_id", "organisation_id", "action", "object_type",
        "object_id", "before", "after", "reason", "ip", "request_id",
    }  # fmt: skip
    assert {column.name for column in AuditRow.__table__.columns} == covered | hashed_otherwise


def test_a_changed_instant_breaks_the_chain(clock: Clock) -> None:
    _sealed(3)
    with atomic() as session:
        session.execute(
            update(AuditRow).where(AuditRow.sequence == 3).values(at=clock.now + timedelta(microseconds=1))
        )
    assert _verdict().broken_at == 3


@pytest.mark.parametrize("gone", [1, 2, 4])
def test_a_deleted_row_breaks_the_chain_even_at_its_end(gone: int) -> None:
    _sealed(4)
    with atomic() as session:
        session.execute(delete(AuditRow).where(AuditRow.sequence == gone))
    assert _verdict().broken_at == gone


def test_two_rows_that_change_places_break_the_chain() -> None:
    _sealed(3)
    with atomic() as session:
        for old, new in [(1, 100), (2, 1), (100, 2)]:
            session.execute(update(AuditRow).where(AuditRow.sequence == old).values(sequence=new))
    assert _verdict().broken_at == 1


def test_a_head_that_was_set_back_breaks_the_chain() -> None:
    _sealed(3)
    with atomic() as session:
        session.execute(update(AuditHead).values(sequence=2))
    assert _verdict().broken_at == 4


def test_two_sealers_at_once_make_one_chain(app: Flask) -> None:
    for number in range(30):
        _note(number)
    start = threading.Barrier(3)
    failures: list[BaseException] = []

    def seal() -> None:
        with app.app_context():
            start.wait(10)
            try:
                sealed = 1
                while sealed:
                    with atomic() as session:
                        sealed = audit.seal(session, limit=4)
            except BaseException as failure:  # shown to the test
                failures.append(failure)

    threads = [threading.Thread(target=seal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert _verdict() == Verdict(rows=30, unsealed=0, broken_at=None)


def test_sealing_keeps_no_command_waiting(app: Flask, on_postgres: bool) -> None:
    if not on_postgres:
        pytest.skip("SQLite's writers come one by one")
    _note(1)
    noted = threading.Event()

    def note() -> None:
        with app.app_context():
            _note(2)
            noted.set()

    with atomic() as session:
        audit.seal(session)
        thread = threading.Thread(target=note)
        thread.start()
        assert noted.wait(10), "a command waits for the sequencer"
    thread.join(10)
    audit.seal_audit()
    assert _verdict() == Verdict(rows=2, unsealed=0, broken_at=None)


def test_a_row_committed_late_is_sealed_behind_those_before_it(app: Flask, on_postgres: bool) -> None:
    if not on_postgres:
        pytest.skip("SQLite's writers come one by one")
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with app.app_context(), atomic() as session:
            audit.record(session, actor=SYSTEM, action="slow", object_type="t", object_id="1")
            session.flush()
            written.set()
            go_on.wait(10)

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(10)
    _sealed(2)
    go_on.set()
    thread.join(10)
    audit.seal_audit()
    with reading() as session:
        assert session.scalar(select(AuditRow.sequence).where(AuditRow.action == "slow")) == 3
        assert session.scalar(select(func.count()).select_from(AuditRow)) == 3
    assert _verdict().broken_at is None
