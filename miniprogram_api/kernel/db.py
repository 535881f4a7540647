"""The database: base model, transactions owned by the edges, SQLite and PostgreSQL made to behave alike."""

import functools
import random
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar, cast

import psycopg
import structlog
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from prometheus_client import Counter
from sqlalchemy import (
    BigInteger,
    CursorResult,
    DateTime,
    Delete,
    Dialect,
    Engine,
    Enum,
    MetaData,
    Update,
    event,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, Session, mapped_column
from sqlalchemy.types import TypeDecorator

from miniprogram_api.kernel.database_trouble import Trouble, trouble_of
from miniprogram_api.kernel.errors import Unavailable
from miniprogram_api.kernel.writer_queue import WriterQueue

log = structlog.get_logger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

RETRIES = Counter("db_tx_retries_total", "Transactions that the database asked to be run again")

_ATTEMPTS = 3

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(DeclarativeBase):
    """Base of every table; constraints are named by one convention so that migrations can name them."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; SQLite would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def text_enum(enum: type[StrEnum]) -> Enum:
    """A column type that stores an enum's values as text, and nothing else, on both databases."""
    return Enum(
        enum,
        native_enum=False,
        create_constraint=False,
        length=32,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
    )


db = SQLAlchemy(model_class=Model, disable_autonaming=True, session_options={"expire_on_commit": False})


_sqlite_writers = WriterQueue()


def _writer_turn() -> AbstractContextManager[None]:
    return _sqlite_writers.turn() if db.engine.dialect.name == "sqlite" else nullcontext()


def is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


@contextmanager
def atomic() -> Generator[Session]:
    """Open a write transaction, commit it at the end, roll it back on any exception.

    What an earlier block loaded is detached: it may still be looked at, but changes to it are not saved.
    Raises RuntimeError when a transaction is open already: an edge owns its transaction alone.
    """
    session = _fresh_session("atomic()")
    with _writer_turn(), _committing(session, write=True):
        yield session
    _run_after_commit(session)


@contextmanager
def single_statement() -> Generator[Session]:
    """A write that is one statement on PostgreSQL, which needs no BEGIN and COMMIT around it.

    SQLite has no data-modifying CTE; there it is an ordinary write transaction of several statements.
    """
    session = _fresh_session("single_statement()")
    sqlite = db.engine.dialect.name == "sqlite"
    options: dict[str, Any] = {"write": True} if sqlite else {"isolation_level": "AUTOCOMMIT"}
    with _writer_turn(), _keeping_unknown_ends_apart(), _committing(session, **options):
        yield session
    _run_after_commit(session)


@contextmanager
def reading() -> Generator[Session]:
    """Open a read: one snapshot on SQLite, statement by statement on PostgreSQL.

    What was loaded stays readable after it. Raises RuntimeError on any attempt to write.
    """
    session = _fresh_session("reading()")
    sqlite = db.engine.dialect.name == "sqlite"
    session.info["reading"] = True
    try:
        session.connection(execution_options={} if sqlite else {"isolation_level": "AUTOCOMMIT"})
        yield session
        session.flush()
    finally:
        # A rollback expires whatever is attached, and reading that again would open a transaction unseen.
        session.expunge_all()
        session.rollback()
        del session.info["reading"]


def _fresh_session(who: str) -> Session:
    session: Session = db.session()
    if session.in_transaction():
        raise RuntimeError(f"{who} opens the transaction; it does not join one")
    session.expunge_all()
    session.info.pop("after_commit", None)
    return session


@contextmanager
def _committing(session: Session, **options: Any) -> Generator[None]:
    try:
        session.connection(execution_options=options)
        yield
        with _keeping_unknown_ends_apart():
            session.commit()
    except BaseException:
        session.rollback()
        raise


@contextmanager
def _keeping_unknown_ends_apart() -> Generator[None]:
    """A commit whose answer is lost may have happened; run again, it could count twice: nobody retries it."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable(retry_after_s=1) from error
        raise


def execute_counting(session: Session, statement: Update | Delete) -> int:
    """Run a statement that changes rows in bulk; returns how many it changed."""
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", result).rowcount


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Run a callback once the transaction that is open has committed; never, if it rolls back."""
    session.info.setdefault("after_commit", []).append(callback)


def _run_after_commit(session: Session) -> None:
    for callback in session.info.pop("after_commit", []):
        try:
            callback()
        except Exception:  # what is committed stays so, and the caller must hear of it
            log.exception("after_commit_failed")


def _refuse_flush(session: Session, *_: object) -> None:
    if session.info.get("reading"):
        raise RuntimeError(_READING_WRITES)


def _refuse_statement(execution: ORMExecuteState) -> None:
    if execution.session.info.get("reading") and (
        execution.is_insert or execution.is_update or execution.is_delete
    ):
        raise RuntimeError(_READING_WRITES)


_READING_WRITES = "reading() does not write; open atomic()"
event.listen(Session, "before_flush", _refuse_flush)
event.listen(Session, "do_orm_execute", _refuse_statement)


def retrying(function: Callable[P, R]) -> Callable[P, R]:
    """Run an edge again as a whole when the database asks for it, three times at most; then Unavailable.

    Safe because an edge holds one transaction and no other effect.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return function(*args, **kwargs)
            except DBAPIError as error:
                if trouble_of(error) is not Trouble.TRANSIENT:
                    raise
                RETRIES.inc()
                if attempt == _ATTEMPTS:
                    raise Unavailable(retry_after_s=1) from error
            time.sleep(random.uniform(0.005, 0.03) * attempt)  # noqa: S311  jitter, not a secret
        raise AssertionError("unreachable")

    return run


def init_db(app: Flask, *, url: str, pool_size: int = 5) -> None:
    """Bind the database to an application and tune the engine for its dialect."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(url, pool_size)
    db.init_app(app)
    with app.app_context():
        _tune(db.engine)


def _engine_options(url: str, pool_size: int) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": 5}, "pool_size": 20, "max_overflow": 20, "hide_parameters": True}
    timeouts = "-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=10000"
    return {
        "pool_size": pool_size,
        "max_overflow": 5,
        "pool_timeout": 5,
        "pool_recycle": 1800,
        "hide_parameters": True,
        # Numbered placeholders: the driver would parse named ones anew in each run of a long statement.
        "paramstyle": "numeric_dollar",
        "connect_args": {
            "connect_timeout": 5,
            "tcp_user_timeout": 5000,
            "options": timeouts,
            "cursor_factory": psycopg.RawCursor,
        },
    }


def _tune(engine: Engine) -> None:
    if engine.dialect.name != "sqlite" or event.contains(engine, "connect", _open_sqlite):
        return
    event.listen(engine, "connect", _open_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _open_sqlite(connection: Any, _record: object) -> None:
    # The driver's own BEGIN comes too late to keep a read-check-write safe; the begin hook issues ours.
    connection.isolation_level = None
    # A small cache: there is one for each thread, and the system's own is behind it.
    settings = (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        "cache_size=-512",
    )
    for pragma in settings:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    write = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class Heartbeat(Model):
    """One row that the readiness check writes to, to know that the database takes writes."""

    __tablename__ = "kernel_heartbeat"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    beats: Mapped[int] = mapped_column(BigInteger)
