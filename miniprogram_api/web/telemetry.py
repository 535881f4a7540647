"""Each request gets an id, one log line and its metrics; headers that every answer carries are set here."""

import re
import time
from collections.abc import Container
from wsgiref.types import WSGIEnvironment

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

from config.logging import log_request
from miniprogram_api.kernel.ids import new_id

REQUESTS = Counter("http_requests_total", "Requests by route", ["route", "method", "status"])
SECONDS = Histogram(
    "http_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_NOBODY = "anonymous"
_QUIET_ROUTES = {"/livez", "/readyz", "/metrics"}
_HEADERS = {
    name.lower(): (name, value)
    for name, value in (
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        (
            "Content-Security-Policy",
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("Cache-Control", "no-store"),
    )
}


def init_telemetry(app: Flask) -> None:
    """Hook the first and the last step of every request."""
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started = time.perf_counter()
    g.request_id = request_id_of(request.environ)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def request_id_of(environ: WSGIEnvironment) -> str:
    """What the caller or a proxy calls this request, if that is fit to be kept, else a name of our own."""
    trace = _TRACEPARENT.fullmatch(environ.get("HTTP_TRACEPARENT", ""))
    if trace and trace.group(1).strip("0"):
        return trace.group(1)
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _REQUEST_ID.fullmatch(given) else str(new_id())


def _finish(response: Response) -> Response:
    principal = g.get("principal")
    request_id = g.get("request_id", "")
    account(
        route=request.url_rule.rule if request.url_rule else "unmatched",
        method=request.method,
        status=response.status_code,
        seconds=time.perf_counter() - g.get("started", time.perf_counter()),
        request_id=request_id,
        actor_type=principal.kind.value if principal else _NOBODY,
    )
    present = {name.lower() for name, _ in response.headers}
    for name, value in common_headers(request_id, present):
        response.headers.add(name, value)
    return response


def account(
    *, route: str, method: str, status: int, seconds: float, request_id: str, actor_type: str = _NOBODY
) -> None:
    """Count a request that was answered, and write its line."""
    # Anyone may invent a method, and every value of a label is kept for good.
    method = method if method in _METHODS else "other"
    REQUESTS.labels(route, method, status).inc()
    SECONDS.labels(route).observe(seconds)
    if route not in _QUIET_ROUTES:
        log_request(
            request_id=request_id,
            route=route,
            method=method,
            status=status,
            ms=round(seconds * 1000, 1),
            actor_type=actor_type,
        )


def common_headers(request_id: str, present: Container[str]) -> list[tuple[str, str]]:
    """The headers of every answer, but those that it has: `present` holds their names in lower case."""
    missing = [header for lowered, header in _HEADERS.items() if lowered not in present]
    return [("X-Request-Id", request_id), *missing]
