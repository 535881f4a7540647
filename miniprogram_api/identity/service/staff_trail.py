"""Leaves the two traces of a change around staff: audit row and event, never one without the other."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from miniprogram_api.identity.staff_events import (
    AuditExported,
    DataRequestEvent,
    GateDeviceEvent,
    OrganisationCreated,
    StaffEvent,
)
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor

Told = StaffEvent | OrganisationCreated | GateDeviceEvent | DataRequestEvent | AuditExported


def leave(
    session: Session,
    event: Told,
    *,
    actor: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Record a change in the audit trail under the event's name, and publish the event."""
    object_type, object_id = _object_of(event)
    audit.record(
        session,
        actor=actor,
        action=event.name,
        object_type=object_type,
        object_id=object_id,
        before=before,
        after=after,
        reason=reason,
    )
    events.publish(session, event)


def leave_all(
    session: Session, told: Sequence[tuple[OrganisationCreated, dict[str, Any]]], *, actor: Actor
) -> None:
    """Leave many, each with what it left behind, in as many statements as one takes."""
    rows = []
    for event, after in told:
        object_type, object_id = _object_of(event)
        rows.append(
            audit.row_of(
                actor=actor, action=event.name, object_type=object_type, object_id=object_id, after=after
            )
        )
    audit.record_all(session, rows)
    events.publish_all(session, [event for event, _ in told])


def _object_of(event: Told) -> tuple[str, str]:
    match event:
        case StaffEvent(staff_id=staff_id):
            return "staff", staff_id
        case OrganisationCreated(organisation_id=organisation_id):
            return "organisation", organisation_id
        case GateDeviceEvent(device_id=device_id):
            return "gate_device", device_id
        case DataRequestEvent(request_id=request_id):
            return "data_request", request_id
        case AuditExported(export_id=export_id):
            return "audit_export", export_id
