"""What was done about the publishing of an article, as lines of its trail; read from the audit trail."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.queries.desk_reviews import TrailRow
from content.service import Article, Revision
from miniprogram_api.identity.audit_queries import TrailFilter, list_for_export

_ACTS: Mapping[str, str] = {
    "content.publish_article": "published",
    "content.schedule_article": "planned",
    "content.unschedule_article": "unplanned",
    "content.retract_article": "retracted",
}
_MOST = 500
_NOBODY = UUID(int=0)


def list_deeds(session: Session, article: Article) -> list[TrailRow]:
    """Each publication, plan and retraction, with the revision that it was about; two statements."""
    of_article = TrailFilter(object_type="article", object_id=str(article.id))
    found = list_for_export(session, of_article, most=_MOST)
    rows = [row for row in reversed(found) if row.action in _ACTS]
    named = select(Revision.id, Revision.number, Revision.content_hash)
    own = session.execute(named.where(Revision.article_id == article.id))
    return _deeds(rows, {str(revision.id): revision for revision in own})


def _deeds(rows: Sequence[Any], revisions: Mapping[str, Any]) -> list[TrailRow]:
    """In their order; a retraction is of what was shown before it."""
    deeds, shown = [], ""
    for row in rows:
        about = _revision_of(row) or shown
        if _ACTS[row.action] == "published":
            shown = about
        deeds.append(_deed(row, revisions.get(shown if _ACTS[row.action] == "retracted" else about)))
    return deeds


def _revision_of(row: Any) -> str | None:
    """A plan's revision stands in what it became, or in what it was when it was taken back."""
    facts: dict[str, Any] = (row.before or {}) | (row.after or {})
    found = facts.get("revision_id")
    return None if found is None else str(found)


def _deed(row: Any, revision: Any) -> TrailRow:
    planned_for = (row.after or {}).get("publish_at")
    return TrailRow(
        at=row.at,
        staff_id=UUID(row.actor_id) if row.actor_kind == "staff" else _NOBODY,
        act=_ACTS[row.action],
        step=None,
        number=None if revision is None else revision.number,
        content_hash="" if revision is None else revision.content_hash,
        note=row.reason,
        planned_for=None if planned_for is None else datetime.fromisoformat(planned_for),
    )
