"""What operators and orchestrators ask: alive, ready, which version, and the metrics."""

import hmac
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    generate_latest,
    multiprocess,
)
from sqlalchemy import text

from config import Settings
from miniprogram_api.kernel import cache, events
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.web.addresses import is_loopback
from miniprogram_api.web.auth import public

log = structlog.get_logger(__name__)
health = Blueprint("health", __name__)

OUTBOX_PENDING = Gauge("outbox_pending", "Deliveries not done yet", multiprocess_mode="mostrecent")
OUTBOX_OLDEST = Gauge("outbox_oldest_seconds", "Age of the oldest one due", multiprocess_mode="mostrecent")
OUTBOX_DEAD = Gauge("outbox_dead", "Deliveries given up", multiprocess_mode="mostrecent")

VERSION = "0.1.0"
_STUCK_AFTER_S = 600
_ANSWER_HOLDS_S = 1.0


@dataclass(slots=True)
class _Health:
    settings: Settings
    schema_head: str
    guard: threading.Lock = field(default_factory=threading.Lock)
    checked_at: float = float("-inf")
    checks: dict[str, bool] = field(default_factory=dict)
    watched: dict[str, Callable[[], bool]] = field(default_factory=dict)


def init_health(
    app: Flask,
    *,
    settings: Settings,
    schema_head: str,
    watched: Mapping[str, Callable[[], bool]] | None = None,
) -> None:
    """Serve the endpoints; `schema_head` is the migration this code was written for.

    `watched` are further things that may be degraded and never make us unready.
    """
    app.extensions["health"] = _Health(settings, schema_head, watched=dict(watched or {}))
    app.register_blueprint(health)


def _ours() -> _Health:
    ours: _Health = current_app.extensions["health"]
    return ours


@health.get("/livez")
@public
def livez() -> dict[str, str]:
    """The process answers; it asks nobody else."""
    return {"status": "alive"}


@health.get("/readyz")
@public
def readyz() -> tuple[dict[str, Any], int]:
    """Ready when the database takes writes, has our schema, and work flows; the cache may be degraded."""
    ours = _ours()
    # Anyone may ask, and each check writes: one a second answers all.
    with ours.guard:
        if time.monotonic() - ours.checked_at >= _ANSWER_HOLDS_S:
            ours.checks = _check()
            ours.checked_at = time.monotonic()
        checks = dict(ours.checks)
    degraded = [name for name in ("cache", *ours.watched) if not checks.pop(name)]
    ready = all(checks.values())
    return {"ready": ready, "checks": checks, "degraded": degraded}, 200 if ready else 503


@health.get("/version")
@public
def version() -> dict[str, str]:
    """Which build this is and which schema it expects."""
    return {"version": VERSION, "commit": _ours().settings.commit, "schema": _ours().schema_head}


@health.get("/metrics")
@public
def metrics() -> Response:
    """Prometheus text; to the bearer of the token, or outside production to this machine."""
    if not _may_see_metrics(_ours().settings):
        raise NotFound
    # Figures of the process are wanted most when the database is gone.
    _holds(_measure_outbox)
    return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _may_see_metrics(settings: Settings) -> bool:
    if not settings.metrics_token:
        return is_loopback(request.remote_addr) and not settings.production
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), settings.metrics_token.encode())


def _measure_outbox() -> bool:
    backlog = events.measure_backlog()
    OUTBOX_PENDING.set(backlog.pending)
    OUTBOX_OLDEST.set(backlog.oldest_seconds)
    OUTBOX_DEAD.set(backlog.dead)
    return True


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library annotates half
    return registry


def _check() -> dict[str, bool]:
    checks = {"database": _holds(_database_writes)}
    checks["schema"] = checks["database"] and _holds(_schema_matches)
    checks["background"] = checks["schema"] and _holds(_work_flows)
    checks["cache"] = _holds(_cache_answers)
    return checks | {name: _holds(check) for name, check in _ours().watched.items()}


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # whatever fails here is the answer
        log.warning("check_failed", check=check.__name__, exc_info=True)
        return False


def _database_writes() -> bool:
    with atomic() as session:
        session.execute(text("UPDATE kernel_heartbeat SET beats = beats + 1 WHERE id = 1"))
    return True


def _schema_matches() -> bool:
    with reading() as session:
        found = session.scalar(text("SELECT version_num FROM alembic_version"))
    return bool(found == _ours().schema_head)


def _work_flows() -> bool:
    return events.measure_backlog().oldest_seconds < _STUCK_AFTER_S


def _cache_answers() -> bool:
    cache.current().ping()
    return True
