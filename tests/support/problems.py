"""What every problem must look like."""

from http import HTTPStatus
from typing import Any

from werkzeug.test import TestResponse

from miniprogram_api.web.partner_problems import is_partners

PARTNERS_ALSO = {"instance", "request_id"}
MEMBERS = {"type", "title", "status", "code", "detail", "params", "errors", "trace_id"}


def assert_problem(response: TestResponse, status: int, code: str | None = None) -> dict[str, Any]:
    """Check the one shape of failures; returns the body for a closer look."""
    body: dict[str, Any] = response.get_json()
    assert response.mimetype == "application/problem+json"
    to_partner = is_partners(response.request.path)
    assert set(body) == (MEMBERS | PARTNERS_ALSO if to_partner else MEMBERS)
    assert (response.status_code, body["status"]) == (status, status), body
    assert code is None or body["code"] == code
    assert body["title"] == HTTPStatus(status).phrase
    assert body["detail"]
    assert body["trace_id"] == response.headers["X-Request-Id"]
    assert response.headers["Cache-Control"] == "no-store"
    for wrong in body["errors"]:
        assert set(wrong) == {"field", "code", "message"}
        assert wrong["message"]
    return body
