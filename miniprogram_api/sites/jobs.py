"""Background work of sites: what staff deleted goes for good once it can no longer be put back."""

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, retrying
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.sites.service import retiring


@periodic("sites.empty_bin", every_minutes=60)
def empty_bin() -> None:
    """Delete what is due, in batches, each a transaction."""
    while _empty() >= retiring.BATCH:
        pass


@retrying
def _empty() -> int:
    with atomic() as session:
        return retiring.empty_bin(session, now=clock.now())
