"""What operators ask: alive, ready, which build, and the figures; readiness is true only when it is."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from miniprogram_api.kernel import cache, events
from miniprogram_api.kernel.cache import RedisCache
from miniprogram_api.kernel.db import Heartbeat, atomic, db, reading
from miniprogram_api.web import health
from tests.conftest import Clock
from tests.kernel.test_events import LampLit
from tests.support.problems import assert_problem
from tests.support.servers import free_port


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr("miniprogram_api.web.health.time.monotonic", lambda: now[0])
    return now


def _beats() -> int:
    with reading() as session:
        return session.get_one(Heartbeat, 1).beats


def _ready(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    response = client.get("/readyz")
    return response.status_code, response.get_json()


def test_alive_asks_nobody(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    _lose_the_database(monkeypatch)
    assert client.get("/livez").get_json() == {"status": "alive"}


def test_a_sound_installation_is_ready(client: FlaskClient) -> None:
    assert _ready(client) == (
        200,
        {"ready": True, "checks": {"database": True, "schema": True, "background": True}, "degraded": []},
    )


def test_strangers_who_ask_often_cause_one_write_a_second(client: FlaskClient, at: list[float]) -> None:
    before = _beats()
    for _ in range(10):
        _ready(client)
    assert _beats() == before + 1
    at[0] += 1
    _ready(client)
    assert _beats() == before + 2


def _lose_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no database")

    monkeypatch.setattr(db.engine.pool, "_dialect", None)
    monkeypatch.setattr(db.engine, "raw_connection", refuse)
    monkeypatch.setattr(db.engine, "connect", refuse)


def test_without_its_database_it_is_not_ready_and_with_it_it_is_again(
    client: FlaskClient, at: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as gone:
        _lose_the_database(gone)
        status, body = _ready(client)
        assert (status, body["checks"]["database"]) == (503, False)
    at[0] += 1
    assert _ready(client)[0] == 200


def test_a_database_of_another_schema_is_not_ready(client: FlaskClient) -> None:
    with atomic() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    try:
        status, body = _ready(client)
        assert (status, body["checks"]["schema"]) == (503, False)
    finally:
        with atomic() as session:
            session.execute(
                text("UPDATE alembic_version SET version_num = :head"),
                {"head": client.get("/version").json["schema"]},
            )


def test_an_outbox_that_is_stuck_is_not_ready(
    client: FlaskClient, clock: Clock, at: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_subscriptions", {})
    events.subscribe(LampLit, name="test.lamps")(lambda _session, _event: None)
    with atomic() as session:
        events.publish(session, LampLit(lamp="hall", watts=9))
    clock.advance(minutes=9)
    assert _ready(client)[0] == 200
    clock.advance(minutes=2)
    at[0] += 1
    status, body = _ready(client)
    assert (status, body["checks"]["background"]) == (503, False)
    events.drain()
    at[0] += 1
    assert _ready(client)[0] == 200


def test_a_lost_cache_degrades_and_does_not_fail(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache._Current, "cache", RedisCache(f"redis://127.0.0.1:{free_port()}"))
    status, body = _ready(client)
    assert (status, body["ready"], body["degraded"]) == (200, True, ["cache"])


def test_a_server_that_was_asked_to_end_is_alive_and_not_ready(client: FlaskClient, app: Flask) -> None:
    ending: list[int] = []
    app.extensions["health"].is_ending = lambda: bool(ending)
    assert _ready(client)[0] == 200
    ending.append(1)
    assert _ready(client) == (503, {"ready": False, "checks": {"running": False}, "degraded": []})
    assert client.get("/livez").status_code == 200


def test_the_build_says_what_it_is(client: FlaskClient) -> None:
    assert client.get("/version").get_json() == {"version": "0.1.0", "commit": "unknown", "schema": "0004"}


@pytest.mark.parametrize("settings", [{"commit": "abc1234"}], indirect=True)
def test_the_commit_is_a_setting(client: FlaskClient) -> None:
    assert client.get("/version").get_json()["commit"] == "abc1234"


def test_the_version_is_the_project_s() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == health.VERSION


def _metrics(client: FlaskClient, address: str = "127.0.0.1", token: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return client.get("/metrics", environ_base={"REMOTE_ADDR": address}, headers=headers)


def test_figures_are_shown_to_this_machine_in_prometheus_text(client: FlaskClient) -> None:
    client.get("/livez")
    response = _metrics(client)
    assert response.status_code == 200
    assert response.mimetype == "text/plain"
    for name in ("http_requests_total", "http_request_seconds", "outbox_pending", "db_tx_retries_total"):
        assert f"\n{name}" in response.text


def test_figures_are_not_shown_to_strangers(client: FlaskClient) -> None:
    assert_problem(_metrics(client, "203.0.113.7"), 404, "request.not_found")


def test_in_production_figures_need_a_token_even_from_this_machine(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(app.extensions["health"].settings), "production", True)
    assert_problem(_metrics(client), 404, "request.not_found")


@pytest.mark.parametrize("settings", [{"metrics_token": "figures-please"}], indirect=True)
@pytest.mark.parametrize(
    ("token", "status"),
    [("figures-please", 200), ("figures-pleasE", 404), ("", 404), ("é", 404), (None, 404)],
)
def test_with_a_token_figures_are_for_who_has_it(client: FlaskClient, token: str | None, status: int) -> None:
    assert _metrics(client, "127.0.0.1", token).status_code == status


def test_figures_of_the_process_are_shown_without_a_database(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lose_the_database(monkeypatch)
    told = _metrics(client).text
    assert "\nhttp_requests_total" in told
    assert "\njobs_pending 0.0" in told
    assert "outbox_pending" not in told, "what cannot be asked is not told from memory"


def _figure(told: str, name: str) -> float:
    (line,) = [line for line in told.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


@pytest.mark.parametrize("several", [False, True])
def test_what_waits_is_read_when_it_is_asked_for(
    client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, several: bool
) -> None:
    if several:
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(events, "_subscriptions", {})
    events.subscribe(LampLit, name="test.lamps")(lambda _session, _event: None)
    with atomic() as session:
        events.publish(session, LampLit(lamp="hall", watts=9))
    clock.advance(seconds=90)
    told = _metrics(client).text
    assert [_figure(told, name) for name in ("outbox_pending", "outbox_oldest_seconds")] == [1, 90]
    events.drain()
    assert _figure(_metrics(client).text, "outbox_pending") == 0


@pytest.mark.parametrize(
    "settings",
    [{"registry_transport": "files", "registry_drop_dir": Path("/nowhere")}],
    indirect=True,
)
def test_the_exchange_is_measured_wherever_its_sweeps_run(client: FlaskClient) -> None:
    told = _metrics(client).text
    names = ("registry_lag_seconds", "registry_dlq", "registry_dead_letters_old")
    assert [_figure(told, name) for name in names] == [0, 0, 0]


def test_figures_of_several_processes_are_added(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert _metrics(client).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/version", "/metrics"])
def test_heads_and_options_are_answered(client: FlaskClient, path: str) -> None:
    head = client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert "GET" in client.options(path).headers["Allow"]
    assert_problem(client.post(path), 405, "request.method_not_allowed")
