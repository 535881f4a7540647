"""What travels on the wire: a parsed call, a reply, a problem and its code; kept free of any rule."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"

STATUSES = {
    "invalid_cursor": 400,
    "auth_invalid": 401,
    "scope_missing": 403,
    "not_found": 404,
    "idempotency_in_flight": 409,
    "version_conflict": 409,
    "cursor_expired": 410,
    "precondition_failed": 412,
    "payload_too_large": 413,
    "schema_invalid": 422,
    "field_not_owned": 422,
    "precondition_required": 428,
    "rate_limited": 429,
    "upstream_unavailable": 503,
}


class Problem(Exception):
    """A refusal with one of the contract's codes."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class OAuthRefusal(Exception):
    """A refusal of the token endpoint, which speaks OAuth and not the contract."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error, description)
        self.status = status
        self.error = error
        self.description = description


@dataclass(frozen=True)
class Part:
    """One file of a multipart body."""

    field: str
    name: str
    type: str
    content: bytes


@dataclass(frozen=True)
class Call:
    """One request as it arrived; header names are lower case."""

    method: str
    path: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    form: Mapping[str, str]
    parts: Sequence[Part]
    request_id: str


@dataclass(frozen=True)
class Reply:
    """One answer; `payload` is kept beside the bytes so that faults can rewrite a JSON reply."""

    body: bytes
    content_type: str = JSON_TYPE
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: dict[str, Any] | None = None
    announced_length: int | None = None


class Reset:
    """Marker answer: cut the TCP connection with RST instead of replying."""


def json_reply(
    payload: dict[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    """A compact UTF-8 JSON reply."""
    return Reply(encode(payload), status=status, headers=dict(headers or {}), payload=payload)


def problem_reply(problem: Problem, call: Call) -> Reply:
    """RFC 9457 with the contract's `code`."""
    status = STATUSES[problem.code]
    payload = {
        "type": "about:blank",
        "title": problem.code.replace("_", " "),
        "status": status,
        "detail": problem.detail,
        "instance": call.path,
        "code": problem.code,
        "request_id": call.request_id,
        "errors": [dict(error) for error in problem.errors],
    }
    return Reply(encode(payload), content_type=PROBLEM_TYPE, status=status, headers=problem.headers)


def encode(payload: Any) -> bytes:
    """JSON as it goes out, Chinese unescaped."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises Problem `schema_invalid`."""
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise Problem("schema_invalid", "the body is a JSON object")
    return data
