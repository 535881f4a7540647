"""What operators and orchestrators ask: alive, ready, which version, and the metrics."""

import hmac
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from sqlalchemy import text

from config import Settings
from miniprogram_api.kernel import cache, events, tasks
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.web.addresses import is_loopback
from miniprogram_api.web.auth import public

log = structlog.get_logger(__name__)
health = Blueprint("health", __name__)

VERSION = "0.1.0"
_STUCK_AFTER_S = 600
_ANSWER_HOLDS_S = 1.0


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured at the moment it is asked for: the same from whichever process answers."""

    name: str
    meaning: str
    value: float


Measure = Callable[[], Sequence[Figure]]


@dataclass(slots=True)
class _Health:
    settings: Settings
    schema_head: str
    guard: threading.Lock = field(default_factory=threading.Lock)
    checked_at: float = float("-inf")
    checks: dict[str, bool] = field(default_factory=dict)
    watched: dict[str, Callable[[], bool]] = field(default_factory=dict)
    is_ending: Callable[[], bool] = lambda: False
    measures: tuple[Measure, ...] = ()


def init_health(
    app: Flask,
    *,
    settings: Settings,
    schema_head: str,
    watched: Mapping[str, Callable[[], bool]] | None = None,
    measures: Iterable[Measure] = (),
) -> None:
    """Serve the endpoints; `schema_head` is the migration this code was written for.

    `watched` are further things that may be degraded and never make us unready; `measures` further figures.
    """
    app.extensions["health"] = _Health(
        settings,
        schema_head,
        watched=dict(watched or {}),
        measures=(_measure_outbox, _measure_queue, *measures),
    )
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
    """Ready when the database takes writes, has our schema, and work flows; the cache may be degraded.

    Not ready any more, whatever else holds, once the server was asked to end.
    """
    ours = _ours()
    if ours.is_ending():
        return {"ready": False, "checks": {"running": False}, "degraded": []}, 503
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
    found = generate_latest(_registry()) + generate_latest(_measured())
    return Response(found, content_type=CONTENT_TYPE_LATEST)


def _may_see_metrics(settings: Settings) -> bool:
    if not settings.metrics_token:
        return is_loopback(request.remote_addr) and not settings.production
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), settings.metrics_token.encode())


def _measure_outbox() -> list[Figure]:
    backlog = events.measure_backlog()
    return [
        Figure("outbox_pending", "Deliveries not done yet", backlog.pending),
        Figure("outbox_oldest_seconds", "Age of the oldest one due", backlog.oldest_seconds),
        Figure("outbox_dead", "Deliveries given up", backlog.dead),
    ]


def _measure_queue() -> list[Figure]:
    return [Figure("jobs_pending", "Background tasks that wait for a worker", tasks.count_waiting())]


class _Measured:
    """Asks for each group of figures; one that cannot be had is left out, never told from memory."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self._measures = measures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for measure in self._measures:
            try:
                figures = measure()
            except Exception:  # figures of the process are wanted most when the database is gone
                log.warning("measure_failed", measure=measure.__name__, exc_info=True)
                continue
            for figure in figures:
                yield GaugeMetricFamily(figure.name, figure.meaning, value=figure.value)


def _measured() -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Measured(_ours().measures))
    return registry


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
