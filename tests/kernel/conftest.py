"""Databases for mechanisms that need no application: a SQLite file, and PostgreSQL where one is given."""

import os
import secrets
from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL")


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Engine]:
    """An empty database: a file of this test, or a schema of its own."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'bare.db'}")
        yield engine
        engine.dispose()
    elif POSTGRES_URL is None:
        pytest.skip("TEST_POSTGRES_URL names no server")
    else:
        yield from _postgres_schema(POSTGRES_URL)


def _postgres_schema(url: str) -> Generator[Engine]:
    schema = f"bare_{secrets.token_hex(6)}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    engine = create_engine(url, connect_args={"options": f"-c search_path={schema}"})
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    server.dispose()


@pytest.fixture
def bare_session(bare_engine: Engine) -> Generator[Session]:
    with Session(bare_engine) as session:
        yield session
