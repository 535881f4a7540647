"""What the registry says to a report of ours."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import FieldError
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.errors_reconciliation import ObjectionUnsaid
from miniprogram_api.registry.events_reconciliation import ReportAcknowledged
from miniprogram_api.registry.models.reconciliation import ReportAck
from miniprogram_api.registry.queries.reports import get_report


def acknowledge(
    session: Session,
    *,
    report_id: UUID,
    partner_id: UUID,
    accepted: bool,
    project_ids: Sequence[str],
    comment: str | None,
    actor: Actor,
    now: datetime,
) -> ReportAck:
    """Keep an acceptance or an objection, which says to what. Raises ReportMissing, ObjectionUnsaid."""
    report = get_report(session, report_id)
    if not accepted and comment is None:
        raise ObjectionUnsaid(fields=[FieldError("comment", "registry.objection_unsaid")])
    ack = ReportAck(
        id=new_id(),
        report_id=report.id,
        partner_id=partner_id,
        accepted=accepted,
        project_ids=list(project_ids),
        comment=comment,
        created_at=now,
    )
    session.add(ack)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="registry.acknowledge_report",
        object_type="registry_report",
        object_id=str(report.id),
        after={"accepted": accepted, "projects": len(project_ids)},
    )
    events.publish(session, ReportAcknowledged(str(report.id), accepted))
    return ack
