"""What the registry says to a report of ours."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import FieldError
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.errors_reconciliation import ObjectionUnsaid
from miniprogram_api.registry.events_reconciliation import ReportAcknowledged
from miniprogram_api.registry.models.partners import PartnerClient
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
    """Keep an acceptance or an objection, which says to what; the same words again are no further one.

    Raises ReportMissing, ObjectionUnsaid.
    """
    report = get_report(session, report_id)
    if not accepted and comment is None:
        raise ObjectionUnsaid(fields=[FieldError("comment", "registry.objection_unsaid")])
    # What one partner says is heard one after the other.
    session.get(PartnerClient, partner_id, with_for_update=True)
    said = select(ReportAck).where(ReportAck.report_id == report.id, ReportAck.partner_id == partner_id)
    last = session.scalars(said.order_by(ReportAck.id.desc()).limit(1)).one_or_none()
    words = (accepted, list(project_ids), comment)
    if last is not None and (last.accepted, last.project_ids, last.comment) == words:
        return last
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
