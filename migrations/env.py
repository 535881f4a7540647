"""Runs migrations on the application's own engine; one at a time on PostgreSQL, in batch mode on SQLite."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from miniprogram_api.kernel.db import db
from miniprogram_api.kernel.search import include_name

_LOCK = 4_202_311_001


def _include(name: str | None, kind: str, _parents: object) -> bool:
    return include_name(name) if kind == "table" and name is not None else True


def _lock(connection: Connection) -> None:
    """Wait for another host that migrates; but never make the product wait long for a table."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = '60s'"))
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text("SET LOCAL lock_timeout = '4s'"))


@contextmanager
def _tables_can_be_made_anew(connection: Connection) -> Generator[None]:
    """SQLite changes a table by making another and dropping the old one, which rows elsewhere point at.

    The switch works outside transactions only, so it is thrown on the driver's connection, before the first.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise RuntimeError("a migration left rows that point at none")


def run_migrations() -> None:
    configure_args = current_app.extensions["migrate"].configure_args
    options = {"write": True} if db.engine.dialect.name == "sqlite" else {}
    with db.engine.connect().execution_options(**options) as connection:
        context.configure(
            connection=connection, target_metadata=db.metadata, include_name=_include, **configure_args
        )
        with _tables_can_be_made_anew(connection), context.begin_transaction():
            _lock(connection)
            context.run_migrations()
            _check_foreign_keys(connection)


run_migrations()
