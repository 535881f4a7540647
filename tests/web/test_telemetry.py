"""Every request has an id, a line and its figures, and every answer its headers."""

import json
import re
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from miniprogram_api.web.telemetry import REQUESTS, SECONDS
from tests.support.leaks import Watcher
from tests.web.conftest import Probe


def _line(watcher: Watcher) -> dict[str, object]:
    return json.loads([line for line in watcher.lines if '"event": "request"' in line][-1])


@pytest.mark.parametrize(
    "given", ["abcdefgh", "A-b_c.1234", "x" * 64, "01932a5e-0000-7000-8000-000000000000"]
)
def test_a_sound_request_id_is_taken_over(client: FlaskClient, watcher: Watcher, given: str) -> None:
    response = client.get("/_probe/work", headers={"X-Request-Id": given})
    assert response.headers["X-Request-Id"] == given
    assert _line(watcher)["request_id"] == given


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space", "semi;colon", "new\tline", "é" * 10, ""])
def test_any_other_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    made = client.get("/_probe/work", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert UUID(made).version == 7


def test_a_trace_is_followed(client: FlaskClient) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    response = client.get(
        "/_probe/work", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01", "X-Request-Id": "12345678"}
    )
    assert response.headers["X-Request-Id"] == trace


@pytest.mark.parametrize(
    "trace",
    [
        "nonsense",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    ],
)
def test_a_broken_trace_is_not(client: FlaskClient, trace: str) -> None:
    assert (
        UUID(client.get("/_probe/work", headers={"traceparent": trace}).headers["X-Request-Id"]).version == 7
    )


def test_a_request_has_one_line_without_its_query(client: FlaskClient, watcher: Watcher) -> None:
    client.get("/_probe/things?name=somebody")
    line = _line(watcher)
    assert {key: line[key] for key in ("route", "method", "status", "actor_type", "level")} == {
        "route": "/_probe/things",
        "method": "GET",
        "status": 200,
        "actor_type": "anonymous",
        "level": "info",
    }
    assert isinstance(line["ms"], float)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", str(line["ts"]))
    assert "somebody" not in "".join(watcher.lines)


def test_the_line_names_the_kind_of_the_caller_even_if_it_is_refused(
    client: FlaskClient, watcher: Watcher
) -> None:
    client.get("/_probe/private", headers={"Authorization": "Bearer st_alice_none"})
    assert _line(watcher)["actor_type"] == "staff"
    assert _line(watcher)["status"] == 403


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_the_questions_of_orchestrators_fill_no_log(client: FlaskClient, watcher: Watcher, path: str) -> None:
    client.get(path)
    assert [line for line in watcher.lines if '"event": "request"' in line] == []


def _count(route: str, method: str, status: int) -> float:
    return REQUESTS.labels(route, method, status)._value.get()


def test_requests_are_counted_by_route_method_and_status(client: FlaskClient) -> None:
    before = _count("/_probe/work", "GET", 200)
    timed = SECONDS.labels("/_probe/work")._sum.get()
    client.get("/_probe/work")
    assert _count("/_probe/work", "GET", 200) == before + 1
    assert SECONDS.labels("/_probe/work")._sum.get() > timed


def test_strangers_cannot_fill_the_metrics_with_names_of_theirs(client: FlaskClient) -> None:
    before = _count("unmatched", "other", 404), _count("unmatched", "other", 405)
    series = len(REQUESTS._metrics)
    for number in range(20):
        client.open(f"/nowhere/{number}", method=f"METHOD{number}")
    assert len(REQUESTS._metrics) <= series + 1
    assert _count("unmatched", "other", 404) + _count("unmatched", "other", 405) == sum(before) + 20


@pytest.mark.parametrize("path", ["/_probe/work", "/nowhere", "/livez", "/api//v1/sites", "/api/v1/sites"])
def test_every_answer_has_its_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert headers["Cache-Control"] == ("public, max-age=2" if path == "/api/v1/sites" else "no-store")


def test_a_page_that_may_be_kept_says_so_itself(client: FlaskClient) -> None:
    assert client.get("/_probe/page").headers["Cache-Control"] == "public, max-age=2"


def test_an_id_of_one_request_is_not_on_the_lines_of_the_next(
    client: FlaskClient, probe: Probe, watcher: Watcher
) -> None:
    client.get("/_probe/work", headers={"X-Request-Id": "first-request"})
    client.get("/_probe/work", headers={"X-Request-Id": "second-request"})
    assert _line(watcher)["request_id"] == "second-request"
