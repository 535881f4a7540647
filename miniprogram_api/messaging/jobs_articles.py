"""Followers are told of an article: batch after batch, and whatever a crash left behind."""

from uuid import UUID

from sqlalchemy.orm import Session

from content.events import ArticlePushRequested
from content.service import pushing
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.messaging.events import FollowersTold
from miniprogram_api.messaging.service import articles

_PUSHES_AT_ONCE = 100


@subscribe(ArticlePushRequested, name="messaging.tell_followers")
def tell_followers(session: Session, event: ArticlePushRequested) -> None:
    """The first batch."""
    articles.tell_followers(session, UUID(event.push_id), now=clock.now())


@subscribe(FollowersTold, name="messaging.go_on_telling")
def go_on_telling(session: Session, event: FollowersTold) -> None:
    """The next batch; a push that is over takes no further step."""
    articles.tell_followers(session, UUID(event.push_id), now=clock.now())


@periodic("messaging.resume_telling", every_minutes=5)
def resume_telling() -> None:
    """Finish whatever push is not over, each batch in a transaction of its own."""
    with reading() as session:
        pushes = pushing.list_unfinished(session, limit=_PUSHES_AT_ONCE)
    for push_id in pushes:
        while _tell(push_id):
            pass


@retrying
def _tell(push_id: UUID) -> bool:
    with atomic() as session:
        return articles.tell_followers(session, push_id, now=clock.now())
