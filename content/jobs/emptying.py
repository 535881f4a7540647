"""What lay in the bin for its time goes for good, in batches, each a transaction."""

from collections.abc import Callable

from content.service import emptying
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, retrying
from miniprogram_api.kernel.tasks import periodic


@periodic("content.empty_bin", every_minutes=60)
def empty_bin() -> None:
    """Delete what is due, and old autosaves that nobody needs."""
    steps = (emptying.delete_binned_articles, emptying.delete_removed_assets, emptying.thin_autosaves)
    for step in steps:
        while _run(step) >= emptying.BATCH:
            pass


@retrying
def _run(step: Callable[..., int]) -> int:
    with atomic() as session:
        return step(session, now=clock.now())
