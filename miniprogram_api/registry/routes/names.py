"""Keeping the names of codes that a server process shows as new as the registry's dictionaries."""

import threading
import time

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from miniprogram_api.kernel.db import reading
from miniprogram_api.registry.service import codes

log = structlog.get_logger(__name__)

_EVERY_S = 60.0


def init_names(app: Flask) -> None:
    """Have each server process look for newer names about once a minute, before it answers a request."""
    guard, looked_at = threading.Lock(), [time.monotonic()]

    @app.before_request
    def look_for_names() -> None:
        with guard:
            if time.monotonic() - looked_at[0] < _EVERY_S:
                return
            looked_at[0] = time.monotonic()
        try:
            with reading() as session:
                codes.load_names(session)
        except SQLAlchemyError:  # the request will find out by itself; the names we show will do
            log.warning("registry_names_not_read", exc_info=True)
