"""What follows from publishing: those who follow the topics are told, if whoever published wanted that."""

from uuid import UUID

from sqlalchemy.orm import Session

from content.events import ArticlePublished
from content.service import pushing
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.events import subscribe


@subscribe(ArticlePublished, name="content.request_push")
def request_push(session: Session, event: ArticlePublished) -> None:
    """Ask for it once; the publishing itself never waits for this."""
    if event.push:
        pushing.request_push(
            session,
            article_id=UUID(event.article_id),
            revision_id=UUID(event.revision_id),
            staff_id=UUID(event.decided_by),
            actor=SYSTEM,
            now=clock.now(),
        )
