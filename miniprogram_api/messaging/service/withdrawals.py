"""Telling members that the authority's withdrawal of a site has ended their visits, many at a time.

The inbox comes first and always. Whoever has a subscription message left gets a row for that too; it is sent
later, by background work.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel.ids import new_id
from miniprogram_api.messaging import rules
from miniprogram_api.messaging.models import MessageKind
from miniprogram_api.messaging.rules import CancelledVisit
from miniprogram_api.messaging.service import inbox, sending

KIND = MessageKind.VISIT_CANCELLED_BY_AUTHORITY


def tell_all(
    session: Session,
    *,
    site: str,
    effective_at: datetime,
    doc_no: str | None,
    visits: Sequence[CancelledVisit],
    now: datetime,
) -> int:
    """Leave a message about each visit of a member; returns how many are new.

    A few statements for each hundred visits. A visit that was told of before is left alone.
    """
    told = {
        str(visit.id): rules.visit_cancelled_by_authority(
            site=site, effective_at=effective_at, doc_no=doc_no, visit=visit
        )
        for visit in visits
        if visit.member_id is not None
    }
    rows = [
        _row(visit, visit.member_id, told[str(visit.id)], now)
        for visit in visits
        if visit.member_id is not None
    ]
    new = inbox.insert_messages(session, rows)
    notices = {str(visit.id): rules.cancelled_fields(site=site, visit=visit) for visit in visits}
    sending.plan(
        session,
        template=rules.Template.VISIT_CANCELLED,
        messages=[sending.Planned(row["id"], row["member_id"], notices[row["subject_id"]]) for row in new],
        now=now,
    )
    return len(new)


def _row(visit: CancelledVisit, member_id: UUID, wording: rules.Wording, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "member_id": member_id,
        "kind": KIND,
        "subject_id": str(visit.id),
        "occasion": 0,
        "wording": wording.version,
        "title": wording.title,
        "body": wording.body,
        "created_at": now,
        "read_at": None,
    }
