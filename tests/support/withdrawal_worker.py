"""What a worker does that withdraws a site in batches of three, and kills itself before a statement."""

import functools
import os
import signal

from sqlalchemy import event

from config import Settings
from miniprogram_api.app import create_app
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import db
from miniprogram_api.registry.service import withdrawals
from tests.support.withdrawing import Withdrawn, withdraw

BATCH = 3


def in_small_batches() -> None:
    """Have every step of a case cancel a few visits only."""
    small = functools.partial(withdrawals.advance, limit=BATCH)
    vars(withdrawals)["advance"] = small


def withdraw_and_die(settings: Settings, found: Withdrawn, kill_before: int) -> None:
    """Take the withdrawal over and deliver what follows, and die before a statement; nought lets it live.

    Prints how many statements it took.
    """
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
        withdraw(found)
        while events.drain():
            pass
    print(count, flush=True)
