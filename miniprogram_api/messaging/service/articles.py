"""Telling those who follow a topic of something new under it, many at a time, everybody once.

The inbox comes first and always. Whoever has a subscription message left gets a row for that too; it is sent
later, by background work.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from content.service import pushing
from content.service.pushing import Batch
from miniprogram_api.identity.service import members
from miniprogram_api.kernel import events
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.messaging import rules
from miniprogram_api.messaging.events import FollowersTold
from miniprogram_api.messaging.models import MessageKind
from miniprogram_api.messaging.service import inbox, sending

AT_ONCE = 200


def tell_followers(session: Session, push_id: UUID, *, now: datetime, limit: int = AT_ONCE) -> bool:
    """Tell the next batch, but nobody erased, and ask for the one after; returns whether there may be one."""
    batch = pushing.lock_next_batch(session, push_id, limit=limit, now=now)
    if batch is None:
        return False
    # An erasure beside this waits, and then finds what was left here; one that came first is seen.
    living = members.keep_living(session, batch.members)
    rows = [_row(batch, member_id, now) for member_id in batch.members if member_id in living]
    new = inbox.insert_messages(session, rows)
    fields = rules.article_fields(title=batch.title, topic=batch.topic, published_at=batch.published_at)
    sending.plan(
        session,
        template=rules.Template.ARTICLE_PUBLISHED,
        messages=[sending.Planned(row["id"], row["member_id"], fields) for row in new],
        now=now,
    )
    pushing.note_told(session, batch, told=len(new))
    events.publish(session, FollowersTold(push_id=str(push_id), told=len(new)))
    return True


def _row(batch: Batch, member_id: UUID, now: datetime) -> dict[str, Any]:
    wording = rules.article_published(title=batch.title, topic=batch.topic, summary=batch.summary)
    return {
        "id": new_id(),
        "member_id": member_id,
        "kind": MessageKind.ARTICLE_PUBLISHED,
        "subject_id": str(batch.article_id),
        "occasion": batch.number,
        "wording": wording.version,
        "title": wording.title,
        "body": wording.body,
        "created_at": now,
        "read_at": None,
    }
