"""`Idempotency-Key` over HTTP: one effect, one answer, whatever the network does to the client (I5)."""

import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from miniprogram_api.kernel import idempotency
from miniprogram_api.kernel.db import Heartbeat, atomic, reading
from miniprogram_api.kernel.errors import Conflict, Unavailable
from miniprogram_api.kernel.idempotency import StoredAnswer
from miniprogram_api.web import idempotency as web_idempotency
from tests.conftest import Clock
from tests.support.problems import assert_problem
from tests.web.conftest import Probe

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture(autouse=True)
def _still(app: Flask) -> None:
    with atomic() as session:
        session.get_one(Heartbeat, 1).beats = 0


def _book(
    client: FlaskClient, *, key: str | None = "key-1", adults: Any = 2, caller: str = "alice", **options: Any
) -> TestResponse:
    headers = {"Authorization": f"Bearer mp_{caller}_test.book"}
    if key is not None:
        headers["Idempotency-Key"] = key
    return client.post("/_probe/booked", headers=headers, json={"adults": adults}, **options)


def _effects() -> int:
    with reading() as session:
        return session.get_one(Heartbeat, 1).beats


def _answers() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(StoredAnswer)) or 0


@pytest.mark.parametrize("key", [None, "", "x" * 65, "schlüssel", "a\tb"])
def test_a_key_is_required_and_printable(client: FlaskClient, probe: Probe, key: str | None) -> None:
    assert_problem(_book(client, key=key), 400, "idempotency.missing")
    assert probe.runs == 0


@pytest.mark.parametrize("key", ["x", "x" * 64, "a b~!\"'", "01932a5e-0000-7000-8000-000000000000"])
def test_any_printable_key_will_do(client: FlaskClient, key: str) -> None:
    assert _book(client, key=key).status_code == 201


def test_a_repeated_request_gets_the_first_answer_to_the_letter(client: FlaskClient) -> None:
    first, second = _book(client), _book(client)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data == second.data
    assert first.mimetype == second.mimetype == "application/json"
    assert _effects() == 2


def test_the_same_content_written_otherwise_is_the_same_request(client: FlaskClient) -> None:
    first = _book(client)
    headers = {"Authorization": "Bearer mp_alice_test.book", "Idempotency-Key": "key-1"}
    second = client.post("/_probe/booked", headers=headers, data=b' {"adults" :2 }\n')
    assert second.data == first.data
    assert _effects() == 2


def test_another_request_under_the_same_key_is_refused(client: FlaskClient) -> None:
    _book(client, adults=2)
    assert_problem(_book(client, adults=3), 422, "idempotency.reused")
    assert _effects() == 2


def test_keys_belong_to_their_caller(client: FlaskClient) -> None:
    first, second = _book(client, caller="alice"), _book(client, caller="bob")
    assert first.data != second.data
    assert _effects() == 4


def test_a_failure_is_not_kept(client: FlaskClient, probe: Probe) -> None:
    def refuse() -> None:
        raise Conflict

    probe.fail = refuse
    assert_problem(_book(client), 409, "request.conflict")
    assert (_effects(), _answers()) == (0, 0)
    probe.fail = lambda: None
    assert _book(client).status_code == 201
    assert _effects() == 2


def test_a_wrong_request_is_not_kept(client: FlaskClient) -> None:
    assert_problem(_book(client, adults=0), 422, "request.invalid")
    assert _book(client, adults=2).status_code == 201


def test_a_repeated_request_is_answered_although_it_would_now_be_refused(
    client: FlaskClient, probe: Probe
) -> None:
    first = _book(client)

    def refuse() -> None:
        raise Conflict

    probe.fail = refuse
    assert _book(client).data == first.data


def test_a_crash_in_between_leaves_nothing(client: FlaskClient, probe: Probe) -> None:
    def crash() -> None:
        raise Unavailable(retry_after_s=1)

    probe.fail = crash
    assert_problem(_book(client), 503, "request.unavailable")
    assert (_effects(), _answers()) == (0, 0)


def _send_apart(client: FlaskClient, **options: Any) -> TestResponse:
    return contextvars.Context().run(_book, client, **options)


@pytest.mark.parametrize("adults", [2, 3])
def test_a_twin_in_flight_is_told_to_come_back(
    app: Flask, probe: Probe, client: FlaskClient, adults: int
) -> None:
    probe.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_send_apart, app.test_client())
        assert probe.entered.wait(20)
        twin = _book(client, adults=adults)
        probe.go_on.set()
        assert first.result(30).status_code == 201
    assert_problem(twin, 409, "idempotency.in_flight")
    assert twin.headers["Retry-After"] == "1"
    assert _book(client).data == first.result().data
    assert _effects() == 2


def test_a_twin_in_another_process_is_told_to_come_back(
    app: Flask, probe: Probe, client: FlaskClient, on_postgres: bool
) -> None:
    if not on_postgres:
        pytest.skip("the embedded default has one process")
    probe.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_send_apart, app.test_client())
        assert probe.entered.wait(20)
        web_idempotency._running.clear()  # as another process sees it
        assert_problem(_book(client), 409, "idempotency.in_flight")
        probe.go_on.set()
        assert first.result(30).status_code == 201
    assert _effects() == 2


def _twins_at_once(app: Flask) -> list[TestResponse]:
    barrier = threading.Barrier(6)

    def send(_: int) -> TestResponse:
        barrier.wait(20)
        return _send_apart(app.test_client())

    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(send, range(6)))


@pytest.mark.usefixtures("probe")
def test_many_twins_at_once_have_one_effect(app: Flask) -> None:
    answers = _twins_at_once(app)
    accepted = {answer.data for answer in answers if answer.status_code == 201}
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(accepted) == 1
    assert (_effects(), _answers()) == (2, 1)


@pytest.mark.usefixtures("probe")
def test_the_same_twins_have_many_effects_where_nothing_guards_the_key(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: it is the guards that keep it at one effect, not luck."""
    monkeypatch.setattr(web_idempotency, "_alone", lambda _attempt: nullcontext())
    for guard in ("claim", "keep"):
        monkeypatch.setattr(idempotency, guard, lambda *_, **__: None)
    answers = _twins_at_once(app)
    assert [answer.status_code for answer in answers] == [201] * 6
    assert (_effects(), _answers()) == (12, 0)


def test_a_key_is_free_again_after_a_day_even_before_the_sweep(client: FlaskClient, clock: Clock) -> None:
    first = _book(client)
    clock.advance(hours=23, minutes=59)
    assert _book(client).data == first.data
    clock.advance(minutes=1)
    assert _book(client).data != first.data
    assert (_effects(), _answers()) == (4, 1)


def test_an_old_key_takes_another_request(client: FlaskClient, clock: Clock) -> None:
    _book(client, adults=2)
    clock.advance(hours=24)
    assert _book(client, adults=3).status_code == 201
    assert _effects() == 5
