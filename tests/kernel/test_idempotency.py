"""Stored answers: one effect and one answer for a caller, a key and a request (I5)."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from miniprogram_api.kernel import idempotency
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.idempotency import Attempt, InFlight, KeyReused, StoredAnswer
from tests.conftest import Clock

pytestmark = pytest.mark.usefixtures("app", "clock")

ATTEMPT = Attempt("member:1", "key-1", b"\1" * 32)


def _keep(attempt: Attempt = ATTEMPT) -> None:
    with atomic() as session:
        idempotency.claim(session, attempt)
        idempotency.keep(session, attempt, status=201, body={"名": ["甲", 1, None], "a": {"z": 1, "b": 2}})


def _find(attempt: Attempt = ATTEMPT) -> StoredAnswer | None:
    with reading() as session:
        return idempotency.find_answer(session, attempt)


def _count() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(StoredAnswer)) or 0


def test_a_kept_answer_is_found_as_it_was_in_the_same_order() -> None:
    _keep()
    answer = _find()
    assert answer is not None
    assert (answer.status, answer.body) == (201, {"名": ["甲", 1, None], "a": {"z": 1, "b": 2}})
    assert list(answer.body["a"]) == ["z", "b"]


def test_a_second_effect_under_the_same_key_is_impossible() -> None:
    _keep()
    with pytest.raises(IntegrityError):
        _keep()
    assert _count() == 1


@pytest.mark.parametrize(
    "other", [Attempt("member:2", "key-1", b"\1" * 32), Attempt("member:1", "key-2", b"\1" * 32)]
)
def test_keys_belong_to_their_caller(other: Attempt) -> None:
    _keep()
    assert _find(other) is None
    _keep(other)
    assert _count() == 2


def test_a_key_used_for_another_request_is_refused() -> None:
    _keep()
    with pytest.raises(KeyReused):
        _find(Attempt("member:1", "key-1", b"\2" * 32))


def test_a_transaction_that_fails_keeps_no_answer() -> None:
    def fail() -> None:
        with atomic() as session:
            idempotency.keep(session, ATTEMPT, status=201, body={})
            raise ValueError("crash between")

    with pytest.raises(ValueError, match="crash between"):
        fail()
    assert _find() is None


def test_a_row_for_one_statement_holds_the_same_values(clock: Clock) -> None:
    assert ATTEMPT.row_of(status=201, body={"a": 1}) == {
        "principal": "member:1",
        "key": "key-1",
        "request_digest": b"\1" * 32,
        "status": 201,
        "body": {"a": 1},
        "kept_at": clock.now,
    }


def test_an_answer_is_old_after_a_day(clock: Clock) -> None:
    _keep()
    answer = _find()
    assert answer is not None
    assert not answer.is_old(clock.now + timedelta(hours=24, microseconds=-1))
    assert answer.is_old(clock.now + timedelta(hours=24))
    clock.advance(hours=24)
    assert _find(Attempt("member:1", "key-1", b"\2" * 32)) is not None, "an old key refuses no other request"


def test_only_an_old_answer_can_be_forgotten(clock: Clock) -> None:
    _keep()
    with atomic() as session:
        idempotency.forget(session, ATTEMPT)
    assert _count() == 1
    clock.advance(hours=24)
    with atomic() as session:
        idempotency.forget(session, ATTEMPT)
    assert _count() == 0


def test_the_sweep_forgets_old_answers_only(clock: Clock) -> None:
    _keep()
    clock.advance(hours=23)
    _keep(Attempt("member:1", "key-2", b"\1" * 32))
    idempotency.purge_answers()
    assert _count() == 2
    clock.advance(hours=1)
    idempotency.purge_answers()
    assert _find() is None
    assert _count() == 1


def test_a_twin_at_work_elsewhere_is_refused_at_once_and_may_go_on_afterwards(
    app: Flask, on_postgres: bool
) -> None:
    if not on_postgres:
        pytest.skip("SQLite's writers come one by one")
    outcomes: list[object] = []

    def twin() -> None:
        with app.app_context():
            try:
                with atomic() as session:
                    idempotency.claim(session, ATTEMPT)
                outcomes.append("claimed")
            except InFlight as refusal:
                outcomes.append(refusal.params)

    with atomic() as session:
        idempotency.claim(session, ATTEMPT)
        thread = threading.Thread(target=twin)
        thread.start()
        thread.join(20)
    twin()
    assert outcomes == [{"retry_after_s": 1}, "claimed"]


def test_locks_are_spread_over_all_signed_64_bit_numbers() -> None:
    numbers = {Attempt("member:1", f"key-{number}", b"").lock_number for number in range(1_000)}
    assert len(numbers) == 1_000
    assert min(numbers) < 0 < max(numbers)
    assert all(-(2**63) <= number < 2**63 for number in numbers)
