"""Counts added up every minute, and reads forgotten when they are long ago."""

from uuid import UUID

from sqlalchemy.orm import Session

from content.events import ArticlePublished
from content.queries.published import find_first_day, find_sites_of_revision
from content.service import counting
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, retrying
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.tasks import periodic


@periodic("content.add_up_counts")
def add_up_counts() -> None:
    """Add up what members did since the last round."""
    while _add_up() == counting.BATCH:
        pass


@retrying
def _add_up() -> int:
    with atomic() as session:
        return counting.add_up(session)


@periodic("content.forget_reads", every_minutes=60)
def forget_reads() -> None:
    """Forget who read what long ago."""
    while _forget() == counting.BATCH:
        pass


@retrying
def _forget() -> int:
    with atomic() as session:
        return counting.forget_reads(session, now=clock.now())


@subscribe(ArticlePublished, name="content.count_for_sites")
def count_for_sites(session: Session, event: ArticlePublished) -> None:
    """An article that came out counts for the sites it is about; a new text of it does not."""
    if event.first:
        on = find_first_day(session, UUID(event.article_id))
        sites = find_sites_of_revision(session, UUID(event.revision_id))
        counting.note_published(session, sites, on=on)
