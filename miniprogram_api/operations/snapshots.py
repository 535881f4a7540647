"""Reading the whole database as of one moment, while everybody else goes on writing."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from miniprogram_api.kernel.db import db

_NO_LIMITS = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"


@contextmanager
def snapshot() -> Generator[Session]:
    """A session that sees one state however many statements it takes, without the time limits of requests."""
    sqlite = db.engine.dialect.name == "sqlite"
    engine = db.engine if sqlite else db.engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine) as session:
        if not sqlite:
            session.execute(text(_NO_LIMITS))
        yield session
