"""The product without what keeps a slot from being oversold, served to show that a race would find it out."""

import sqlite3
import time
from typing import Any

from sqlalchemy import Engine, event

from miniprogram_api.visits.service import booking, booking_guards
from wsgi import app

__all__ = ["app"]

_THINKS_S = 0.05
_write = booking.write_booking


def _think_and_write(*args: Any) -> Any:
    time.sleep(_THINKS_S)  # not to be safe but to be caught: everybody has looked before anybody writes
    return _write(*args)


def _ignore_checks(connection: Any, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA ignore_check_constraints=ON")


booking.write_booking = _think_and_write  # type: ignore[assignment]
booking_guards.slot_has_room = lambda: booking_guards._slot.c.id == booking_guards._slot_id
event.listen(Engine, "connect", _ignore_checks)
