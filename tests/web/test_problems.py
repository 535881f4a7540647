"""Every failure has one shape, whatever caused it, and says nothing of what is inside."""

import sqlite3
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import RequestHeaderFieldsTooLarge, ServiceUnavailable

from miniprogram_api.kernel.errors import AppError, FieldError, Invalid, NotFound
from miniprogram_api.web.api import KIND_STATUS
from tests.support.leaks import Watcher
from tests.support.problems import assert_problem
from tests.web.conftest import ERRORS, Probe, driver_error


def _raising(error: Exception) -> Any:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(("error", "status", "code"), ERRORS)
def test_each_kind_of_error_has_its_status(
    client: FlaskClient, probe: Probe, error: Exception, status: int, code: str
) -> None:
    probe.fail = _raising(error)
    assert_problem(client.get("/_probe/work"), status, code)


def test_every_kind_has_a_status() -> None:
    assert {kind for kind, _ in ((type(error), status) for error, status, _ in ERRORS)} <= set(KIND_STATUS)
    assert set(KIND_STATUS) <= set(AppError.__subclasses__())


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_sent_away_is_told_for_how_long(client: FlaskClient, probe: Probe, status: int) -> None:
    probe.fail = _raising(next(error for error, code, _ in ERRORS if code == status))
    response = client.get("/_probe/work")
    assert response.headers["Retry-After"] == "9"
    assert response.get_json()["params"] == {"retry_after_s": 9}


def test_who_is_not_signed_in_is_told_how_to(client: FlaskClient) -> None:
    assert client.get("/_probe/private").headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("languages", "detail"),
    [
        (None, "没有找到您要的内容。"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "没有找到您要的内容。"),
        ("en-GB,en;q=0.9", "There is no such thing here."),
        ("en;q=0.9, zh;q=0.1", "There is no such thing here."),
        ("fr", "没有找到您要的内容。"),
        ("*", "没有找到您要的内容。"),
        ("en;q=nonsense;;,", "没有找到您要的内容。"),
    ],
)
def test_the_text_is_chinese_unless_english_is_preferred(
    client: FlaskClient, languages: str | None, detail: str
) -> None:
    headers = {"Accept-Language": languages} if languages else {}
    assert client.get("/nowhere", headers=headers).get_json()["detail"] == detail


def test_values_are_filled_into_the_text(client: FlaskClient, probe: Probe) -> None:
    probe.fail = _raising(next(error for error, status, _ in ERRORS if status == 429))
    assert client.get("/_probe/work").get_json()["detail"] == "操作太频繁，请 9 秒后再试。"


def test_a_named_field_has_a_text_of_its_own(client: FlaskClient, probe: Probe) -> None:
    probe.fail = _raising(Invalid(fields=[FieldError("party.adults", "field.range")]))
    english = client.get("/_probe/work", headers={"Accept-Language": "en"}).get_json()
    assert english["errors"] == [{"field": "party.adults", "code": "field.range", "message": "Out of range."}]


def test_an_unknown_address_and_an_unknown_object_look_alike(client: FlaskClient, probe: Probe) -> None:
    probe.fail = _raising(NotFound())
    nowhere, nothing = client.get("/nowhere").get_json(), client.get("/_probe/work").get_json()
    assert nowhere.pop("trace_id") != nothing.pop("trace_id")
    assert nowhere == nothing


def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient) -> None:
    response = client.delete("/_probe/things")
    assert_problem(response, 405, "request.method_not_allowed")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RequestHeaderFieldsTooLarge(), 431, "request.unsupported"),
        (ServiceUnavailable(), 503, "request.unavailable"),
        (PoolTimeout(), 503, "request.unavailable"),
        (driver_error(sqlstate="40001"), 503, "request.unavailable"),
        (driver_error(sqlstate="57014"), 503, "request.unavailable"),
        (driver_error(sqlite_errorcode=sqlite3.SQLITE_FULL), 507, "storage.full"),
        (driver_error(sqlstate="53100"), 507, "storage.full"),
        (driver_error(sqlstate="23505"), 409, "request.conflict"),
        (driver_error(sqlstate="22003"), 422, "request.invalid"),
        (driver_error(sqlstate="23514"), 500, "server.error"),
        (driver_error(sqlstate="42P01"), 500, "server.error"),
        (ValueError("canary-secret in a bug"), 500, "server.error"),
        (KeyError("canary-secret"), 500, "server.error"),
        (RecursionError("canary-secret"), 500, "server.error"),
    ],
)
def test_what_we_did_not_expect_says_nothing_of_what_is_inside(
    client: FlaskClient, probe: Probe, watcher: Watcher, error: Exception, status: int, code: str
) -> None:
    probe.fail = _raising(error)
    response = client.get("/_probe/work")
    body = assert_problem(response, status, code)
    assert "canary" not in response.text
    assert "driver" not in response.text
    if status == 500:
        told = [line for line in watcher.lines if "unhandled_error" in line]
        assert len(told) == 1
        assert body["trace_id"] in told[0]
    # The log is for us, and may say what a bug said.
    watcher.lines = [line for line in watcher.lines if "canary-secret" not in line]


def test_storage_that_is_full_and_busy_databases_say_when_to_come_back(
    client: FlaskClient, probe: Probe
) -> None:
    probe.fail = _raising(driver_error(sqlstate="53100"))
    assert client.get("/_probe/work").headers["Retry-After"] == "60"


def test_values_that_json_does_not_know_are_shown_as_text(
    client: FlaskClient, probe: Probe, app: Flask
) -> None:
    probe.fail = _raising(NotFound(what=HTTPStatus, ids={1}))
    assert client.get("/_probe/work").get_json()["params"]["ids"] == "{1}"


def test_a_redirect_is_not_a_problem(client: FlaskClient) -> None:
    response = client.get("/_probe//work")
    assert (response.status_code, response.headers["Location"]) == (308, "http://localhost/_probe/work")


def test_a_head_request_for_nothing_has_no_body(client: FlaskClient) -> None:
    response = client.head("/nowhere")
    assert (response.status_code, response.data) == (404, b"")
