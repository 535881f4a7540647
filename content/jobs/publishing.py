"""Publishing on time: every minute, each article in a transaction of its own.

Several workers may do it at once: each locks the article and looks at its plan again. What fails is noted on
its plan, tried again, and hinders nothing else.
"""

from uuid import UUID

import structlog

from content.queries.plans import list_due_articles, list_ending_articles
from content.service import due
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.web import prepared

log = structlog.get_logger(__name__)

_AT_ONCE = 200


@periodic("content.publish_due")
def publish_due() -> None:
    """Publish what is planned for now or earlier."""
    with reading() as session:
        article_ids = list_due_articles(session, clock.now(), limit=_AT_ONCE)
    shown = sum(_publish_or_note(article_id) for article_id in article_ids)
    if shown:
        prepared.forget()


@periodic("content.end_due")
def end_due() -> None:
    """End what is shown or pinned until now."""
    with reading() as session:
        article_ids = list_ending_articles(session, clock.now(), limit=_AT_ONCE)
    ended = False
    for article_id in article_ids:
        try:
            ended |= _end(article_id)
        except Exception:  # the edge of background work: the next round tries again
            log.exception("article_not_ended", article_id=str(article_id))
    if ended:
        prepared.forget()


def _publish_or_note(article_id: UUID) -> bool:
    try:
        return _publish(article_id)
    except Exception as error:  # the edge of background work: the plan stays, with what went wrong
        log.exception("article_not_published", article_id=str(article_id))
        _note(article_id, error.code if isinstance(error, AppError) else "content.publishing_failed")
        return False


@retrying
def _publish(article_id: UUID) -> bool:
    with atomic() as session:
        return due.publish_planned(session, article_id, now=clock.now())


@retrying
def _note(article_id: UUID, code: str) -> None:
    with atomic() as session:
        due.note_failure(session, article_id, code=code, now=clock.now())


@retrying
def _end(article_id: UUID) -> bool:
    with atomic() as session:
        return due.end_due(session, article_id, now=clock.now())
