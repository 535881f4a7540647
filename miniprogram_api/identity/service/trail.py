"""Leaves the two traces of every change to a member together: the audit row and the event."""

from typing import Any

from sqlalchemy.orm import Session

from miniprogram_api.identity.events import MemberEvent
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor


def leave(
    session: Session,
    event: MemberEvent,
    *,
    actor: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Record a change in the audit trail under the event's name, and publish the event."""
    audit.record(
        session,
        actor=actor,
        action=event.name,
        object_type="member",
        object_id=event.member_id,
        before=before,
        after=after,
        reason=reason,
    )
    events.publish(session, event)
