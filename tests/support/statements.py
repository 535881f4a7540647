"""Counting what goes to the database, for promises that hold however many rows there are."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import event

from miniprogram_api.kernel.db import db


@contextmanager
def statements(*, but: str = "FROM kernel_setting_changes") -> Generator[list[str]]:
    """The statements sent while it is open, without BEGIN, COMMIT and the like.

    Nor are those counted that hold `but`: by default the copy of the run-time settings, which a process takes
    every two seconds and no request pays for alone.
    """
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
        sent[:] = [text for text in sent if not text.startswith(("BEGIN", "COMMIT", "ROLLBACK"))]
        if but:
            sent[:] = [text for text in sent if but not in " ".join(text.split())]
