"""Fixtures: a real database made by the real migrations, a clock that stands, clients, and fake WeChat."""

import contextvars
import gc
import logging
import os
import random
import secrets
import shutil
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine, StaticPool, create_engine, event, inspect, text
from werkzeug.test import TestResponse

from config.settings import Environment, Settings
from miniprogram_api.app import MIGRATIONS, create_app
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import Model, db
from miniprogram_api.web import prepared
from tests.support.compiled_routes import compile_routes_once
from tests.support.leaks import WATCHED, Watcher
from tests.support.selection import begin_with_long, leave_out_same
from tests.support.servers import database_at

# What chance decides in a test follows from this and its name; a failed test prints it, to be repeated.
os.environ["FLASK_SKIP_DOTENV"] = "1"  # a developer's own settings are not the tests'
SEED = os.environ.setdefault("TEST_SEED", secrets.token_hex(4))
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=BEIJING)

# How long an example takes says something about the machine, not about the product.
hypothesis_settings.register_profile("untimed", deadline=None, print_blob=True)
hypothesis_settings.load_profile("untimed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL, leave out what no database changes; everywhere, begin with what takes long."""
    if config.getoption("--postgres"):
        same = leave_out_same(items)
        config.hook.pytest_deselected(items=same)
    begin_with_long(items, workers=int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        action="store_true",
        help="run on PostgreSQL and Redis (TEST_POSTGRES_URL, TEST_REDIS_URL)",
    )


@pytest.fixture(scope="session")
def on_postgres(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--postgres"))


@pytest.fixture(scope="session")
def worker_name(request: pytest.FixtureRequest) -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "alone")


@pytest.fixture(scope="session")
def redis_url(on_postgres: bool, worker_name: str) -> str:
    """A Redis database of this worker's own on the PostgreSQL run; nothing on the SQLite run."""
    if not on_postgres:
        return ""
    base = os.environ["TEST_REDIS_URL"].rstrip("/")
    number = 1 if worker_name == "alone" else int(worker_name.removeprefix("gw")) % 14 + 2
    return f"{base}/{number}"


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="session")
def postgres_url(on_postgres: bool, worker_name: str) -> Generator[str]:
    """A database of this worker's own, made and dropped with the run."""
    if not on_postgres:
        yield ""
        return
    server = os.environ["TEST_POSTGRES_URL"]
    name = f"lowcarbon_test_{worker_name}_{os.getpid()}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    yield database_at(server, name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def empty(postgres_url: str) -> Generator[Callable[[], None]]:
    """Empties this worker's database."""
    engine = create_engine(postgres_url, poolclass=StaticPool)
    yield _Emptier(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def migrated(postgres_url: str, keys_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The schema, built once by the migrations: a template file on SQLite, this worker's on PostgreSQL."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app(_settings(folder, database_url=postgres_url, redis_url="", keys_dir=keys_dir))
    _refuse_lost_changes()
    compile_routes_once()
    with app.app_context():
        upgrade(directory=str(MIGRATIONS))
        db.session.remove()
        if not postgres_url:
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    # What is there now stays to the end; collections need not walk it again after every test.
    gc.freeze()
    return folder / "app.sqlite3"


def _refuse_lost_changes() -> None:
    """A row of an earlier transaction is detached: a test that changes it would change nothing unnoticed."""

    def check(row: Model, *_: object) -> None:
        assert not inspect(row).detached, (
            f"{row} is of an earlier transaction: load it again, or session.add it"
        )

    for mapper in Model.registry.mappers:
        for attribute in mapper.column_attrs:
            event.listen(getattr(mapper.class_, attribute.key), "set", check)


def _settings(folder: Path, *, database_url: str, redis_url: str, keys_dir: Path, **changes: Any) -> Settings:
    Settings(data_dir=keys_dir).key_ring()
    shutil.copy(keys_dir / "keys.json", folder / "keys.json")
    values: dict[str, Any] = {
        "environment": Environment.TEST,
        "data_dir": folder,
        "database_url": database_url,
        "redis_url": redis_url,
        "wechat_appid": "wx0000000000demo01",
        "wechat_secret": "demo-wechat-secret",
        "wechat_api_base": "http://127.0.0.1:9",
        "background": False,
    }
    return Settings(**(values | changes))


@pytest.fixture(autouse=True)
def watcher() -> Generator[Watcher]:
    """Fails a test that had a phone, an identity number, a token or a secret logged or put into a problem."""
    watcher = Watcher()
    logging.getLogger().addHandler(watcher)
    yield watcher
    logging.getLogger().removeHandler(watcher)
    assert watcher.leaks() == []


@pytest.fixture(autouse=True)
def _no_leftovers(request: pytest.FixtureRequest) -> Generator[None]:
    print(f"TEST_SEED={SEED} repeats what chance decided here")
    random.seed(f"{SEED} {request.node.nodeid}")
    prepared.forget()
    yield
    kernel_clock.reset()


@pytest.fixture
def settings(
    tmp_path: Path,
    migrated: Path,
    postgres_url: str,
    redis_url: str,
    keys_dir: Path,
    request: pytest.FixtureRequest,
) -> Settings:
    """Settings of a fresh installation; `parametrize("settings", [{…}], indirect=True)` changes some."""
    folder = tmp_path / "data"
    folder.mkdir()
    if postgres_url:
        request.getfixturevalue("empty")()
        if redis_url:
            _flush(redis_url)
    else:
        shutil.copy(migrated, folder / "app.sqlite3")
    changes = getattr(request, "param", {})
    if "fake_wechat" in request.fixturenames:
        changes = {"wechat_api_base": request.getfixturevalue("fake_wechat").base_url} | changes
    if "fake_registry" in request.fixturenames:
        changes = _reach(request.getfixturevalue("fake_registry").api_base) | changes
    return _settings(folder, database_url=postgres_url, redis_url=redis_url, keys_dir=keys_dir, **changes)


def _reach(registry_base: str) -> dict[str, Any]:
    """What settings say of a registry that answers there with the demonstration's credentials."""
    from miniprogram_api.devtools import fake_registry as fake

    return {
        "registry_transport": "api",
        "registry_api_base": registry_base,
        "registry_client_id": fake.DEMO_CLIENT_ID,
        "registry_client_secret": fake.DEMO_CLIENT_SECRET,
        "registry_webhook_secrets": fake.DEMO_DOORBELL_SECRET,
    }


class _Emptier:
    """Deletes the rows that a test left: they are few, and truncating dozens of tables takes far longer.

    One connection serves all tests, for which the server plans the long look at all tables once.
    """

    KEPT = frozenset({"kernel_heartbeat", "kernel_audit_head"})

    def __init__(self, engine: Engine) -> None:
        tables = [table.name for table in reversed(Model.metadata.sorted_tables)]
        self._names = [*(name for name in tables if name not in self.KEPT), "kernel_search_documents"]
        self._filled = text(
            " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in self._names)
        )
        self._engine = engine

    def __call__(self) -> None:
        with self._engine.begin() as connection:
            found = set(connection.scalars(self._filled))
            for name in self._names:
                if name in found:
                    connection.execute(text(f"DELETE FROM {name}"))
            connection.execute(
                text("UPDATE kernel_audit_head SET sequence = 0, hash = decode(repeat('00', 32), 'hex')")
            )


def _flush(url: str) -> None:
    import redis

    with redis.Redis.from_url(url) as store:
        store.flushdb()


class _Client(FlaskClient):
    """Sends each request in a context of its own, as a server does; the watcher sees problems and exports."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        response = contextvars.Context().run(super().open, *args, **options)
        if response.mimetype in WATCHED:
            self.application.extensions["watcher"].see(response.text)
        return response


@pytest.fixture
def app(settings: Settings, watcher: Watcher) -> Generator[Flask]:
    """The application on a migrated, empty database, its context pushed."""
    app = create_app(settings)
    app.test_client_class = _Client
    app.extensions["watcher"] = watcher
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


class Clock:
    """The application's clock, standing still until a test moves it."""

    def __init__(self) -> None:
        self.set(MONDAY)

    def set(self, at: datetime) -> None:
        kernel_clock.freeze(at)

    def advance(self, **parts: float) -> None:
        kernel_clock.freeze(kernel_clock.now() + timedelta(**parts))

    @property
    def now(self) -> datetime:
        return kernel_clock.now()


@pytest.fixture
def clock() -> Clock:
    """Monday 23 November 2026, 10:00 in Beijing."""
    return Clock()


@pytest.fixture
def fake_wechat() -> Generator[Any]:
    """The fake WeChat server on loopback; the application of the same test calls it."""
    from miniprogram_api.devtools.fake_wechat import FakeWeChat

    fake = FakeWeChat(seed=random.getrandbits(64))
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def fake_registry() -> Generator[Any]:
    """The fake registry on loopback, on the clock of the application, which reaches it in the same test."""
    from miniprogram_api.devtools.fake_registry import FakeRegistry

    with FakeRegistry(time_source=lambda: kernel_clock.now().timestamp()) as fake:
        yield fake
