"""What a worker does that sends messages, or has followers told, and dies at one moment of it."""

import functools
import os
import signal
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import event

from config import Settings
from miniprogram_api.app import create_app
from miniprogram_api.kernel import clock, events
from miniprogram_api.kernel.db import db
from miniprogram_api.messaging import jobs_sending
from miniprogram_api.messaging.service import articles

BATCH = 3


def _die(*_: object, **__: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("killed")


def send_and_die(settings: Settings, at: datetime, moment: str) -> None:
    """Send what is due, and be killed when it is claimed, or when it was sent and before that is recorded."""
    vars(jobs_sending)[{"claimed": "_send", "sent": "_settle"}[moment]] = _die
    clock.freeze(at)
    with create_app(settings).app_context():
        jobs_sending.send_subscriptions()


def in_small_batches() -> Any:
    """Have every batch tell a few followers only; returns what was before."""
    before = articles.tell_followers
    vars(articles)["tell_followers"] = functools.partial(before, limit=BATCH)
    return before


def tell_and_die(settings: Settings, at: datetime, kill_before: int) -> None:
    """Deliver what follows from publishing, and die before a statement; nought lets it live.

    Prints how many statements it took.
    """
    clock.freeze(at)
    app = create_app(settings)
    in_small_batches()
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1
        if count == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        event.listen(db.engine, "commit", note)
        while events.drain():
            pass
    print(count, flush=True)
