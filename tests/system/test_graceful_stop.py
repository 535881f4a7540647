"""The server ends without losing a request, survives a killed process, and works in the background (T20)."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from miniprogram_api.web.api import MAX_BODY
from tests.support.gunicorn import Server, gunicorn, wait_until
from tests.support.leaks import leaks_in


@pytest.fixture
def server(
    tmp_path: Path, migrated: Path, keys_dir: Path, postgres_url: str, redis_url: str
) -> Generator[Server]:
    """One gunicorn on a migrated database; two processes where there is Redis."""
    folder = tmp_path / "served"
    folder.mkdir()
    variables = {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "WEB_PROCESSES": "2" if redis_url else "1",
        "STOP_DELAY_S": "0.5",
    }
    if not postgres_url:
        shutil.copy(migrated, folder / "app.sqlite3")
    with gunicorn(folder, variables) as server:
        yield server


def _wait_for(server: Server, number: int) -> tuple[int, Any]:
    return server.get(f"/_test/wait/{number}")


def _in_flight(server: Server, pool: ThreadPoolExecutor, count: int) -> list[Future[tuple[int, Any]]]:
    calls = [pool.submit(_wait_for, server, number) for number in range(count)]
    wait_until(lambda: len(list(server.folder.glob("waiting-*"))) == count)
    return calls


def test_requests_in_flight_are_completed_when_the_server_is_asked_to_end(server: Server) -> None:
    with ThreadPoolExecutor(6) as pool:
        calls = _in_flight(server, pool, 6)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.get("/readyz")[0] == 503)
        assert server.is_alive(), "it still takes requests, so that nobody is sent away"
        wait_until(lambda: not server.is_alive())
        (server.folder / "go").touch()
        assert [call.result() for call in calls] == [(200, {"waited": number}) for number in range(6)]
    assert server.process.wait(60) == 0
    assert leaks_in(server.log.read_text()) == []


def test_a_killed_process_is_replaced_and_only_its_requests_are_lost(server: Server) -> None:
    killed = server.get("/_test/pid")[1]["pid"]
    with ThreadPoolExecutor(2) as pool:
        calls = _in_flight(server, pool, 2)
        os.kill(killed, signal.SIGKILL)
        (server.folder / "go").touch()
        for call in calls:
            lost = call.exception()
            assert lost is None or isinstance(lost, OSError | http.client.HTTPException)
    wait_until(server.is_alive)
    pids = {server.get("/_test/pid")[1]["pid"] for _ in range(10)}
    assert killed not in pids
    assert server.get("/readyz")[0] == 200
    assert server.stop() == 0


def test_background_work_runs_beside_the_web_and_ends_with_it(server: Server, redis_url: str) -> None:
    if redis_url:
        pytest.skip("with Redis it has processes of its own")
    wait_until((server.folder / "swept").exists)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def _send(server: Server, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        with contextlib.suppress(OSError):  # it may answer, and close, before it has read everything
            connection.sendall(raw)
        answer = b""
        while part := connection.recv(65536):
            answer += part
            if b"\r\n\r\n" in answer and b"trace_id" in answer:
                break
        return answer


def _chunked(body: bytes) -> bytes:
    chunks = [body[at : at + 65536] for at in range(0, len(body), 65536)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


HEAD = b"POST /_test/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


def test_bodies_are_bounded_whether_their_length_is_said_or_not(server: Server) -> None:
    small, large = b'{"text": "a"}', b'{"text": "%s"}' % (b"x" * (MAX_BODY + 100_000))
    said = _send(server, HEAD + b"Content-Length: %d\r\n\r\n" % len(large) + large)
    assert b" 413 " in said.partition(b"\r\n")[0]
    assert b'"request.too_large"' in said
    unsaid = _send(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(large))
    assert b" 413 " in unsaid.partition(b"\r\n")[0]
    fine = _send(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(small))
    assert b" 200 " in fine.partition(b"\r\n")[0]


NO_HTTP = [
    b"nonsense\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n",
    b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n",
]


def test_what_is_no_http_is_refused_and_the_server_stays(server: Server) -> None:
    for raw in NO_HTTP:
        status = _send(server, raw).partition(b"\r\n")[0]
        assert b" 4" in status, raw[:40]
    assert server.is_alive()
