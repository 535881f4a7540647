"""Tells the failures of a database apart by its driver's codes, on SQLite and PostgreSQL alike."""

import sqlite3
from enum import StrEnum

from sqlalchemy.exc import DBAPIError, OperationalError


class Trouble(StrEnum):
    """What a failure of the database means to whoever hears of it."""

    TRANSIENT = "transient"  # running the whole transaction again may help
    BUSY = "busy"  # coming back later may help
    FULL = "full"
    RIVAL = "rival"  # another row holds this key, or one that is needed is gone
    DATA = "data"  # a value that no column takes
    BUG = "bug"


_SQLSTATES = {
    "40001": Trouble.TRANSIENT,  # serialisation failure
    "40P01": Trouble.TRANSIENT,  # deadlock
    "55P03": Trouble.TRANSIENT,  # lock time-out
    "57014": Trouble.BUSY,  # statement time-out
    "53300": Trouble.BUSY,  # too many connections
    "57P03": Trouble.BUSY,  # starting up or shutting down
    "53100": Trouble.FULL,
    "23503": Trouble.RIVAL,
    "23505": Trouble.RIVAL,
    "23P01": Trouble.RIVAL,
}
_SQLITE_CODES = {
    sqlite3.SQLITE_BUSY: Trouble.TRANSIENT,
    sqlite3.SQLITE_LOCKED: Trouble.TRANSIENT,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_TOOBIG: Trouble.DATA,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: Trouble.RIVAL,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Trouble.RIVAL,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Trouble.RIVAL,
}


def trouble_of(error: DBAPIError) -> Trouble:
    """Tell one failure from another by the driver's codes; its texts are for the log."""
    if error.connection_invalidated:
        return Trouble.TRANSIENT
    sqlite_code = getattr(error.orig, "sqlite_errorcode", None)
    if sqlite_code is not None:
        # The low byte is the kind, the rest says more about it.
        return _SQLITE_CODES.get(sqlite_code) or _SQLITE_CODES.get(sqlite_code & 0xFF, Trouble.BUG)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        # The server never got as far as giving a code when it cannot be reached.
        return Trouble.BUSY if isinstance(error, OperationalError) else Trouble.BUG
    return _SQLSTATES.get(state) or (Trouble.DATA if state.startswith("22") else Trouble.BUG)
