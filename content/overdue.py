"""What operators watch of publishing: that what was planned has appeared."""

from content.queries.plans import count_overdue
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.web.health import Figure


def measure_overdue() -> list[Figure]:
    """How many articles should have appeared and have not; read in a transaction of its own.

    Whichever process is asked tells it, so a worker that does not run at all is seen as well.
    """
    with reading() as session:
        overdue = count_overdue(session, clock.now())
    return [Figure("content_overdue_plans", "Articles that should have appeared and have not", overdue)]
