"""A worker that withdraws a site in batches of three, and kills itself before the statement it is told.

Arguments: the site, its project, and the number of the statement; 0 lets it finish and prints how many.
"""

import functools
import os
import signal
import sys
from uuid import UUID

from sqlalchemy import event

from config import load_settings
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


def main(site_id: str, project_id: str, kill_before: int) -> None:
    """Take the withdrawal over and deliver what follows, as long as we live."""
    app = create_app(load_settings())
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
        withdraw(Withdrawn(UUID(site_id), project_id))
        while events.drain():
            pass
    print(count, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
