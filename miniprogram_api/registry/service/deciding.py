"""What people decide about differences that no repair ended, and asking for a comparison at once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.registry.errors_reconciliation import DifferenceMissing, DifferenceSettled
from miniprogram_api.registry.events_reconciliation import ComparisonAsked, DifferenceDecided
from miniprogram_api.registry.models.reconciliation import Decision as Decision
from miniprogram_api.registry.models.reconciliation import Difference
from miniprogram_api.registry.service import pulling


def ask_comparison(session: Session, *, actor: Actor, now: datetime) -> None:
    """Have everything compared as soon as background work gets to it."""
    pulling.ensure_feed(session, now=now)
    pulling.note_comparison(session, wanted=True)
    audit.record(
        session,
        actor=actor,
        action="registry.ask_comparison",
        object_type="registry_report",
        object_id="next",
    )
    events.publish(session, ComparisonAsked(now.isoformat()))


def lock_open_difference(session: Session, difference_id: UUID) -> Difference:
    """A difference that waits for a person. Raises DifferenceMissing, DifferenceSettled."""
    wanted = select(Difference).where(Difference.id == difference_id).with_for_update()
    found = session.scalar(wanted.execution_options(populate_existing=True))
    if found is None:
        raise DifferenceMissing
    if found.repaired or found.decision is not None:
        raise DifferenceSettled
    return found


def decide(
    session: Session,
    difference: Difference,
    decision: Decision,
    *,
    outcome: str | None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep what a person decided about a locked difference; `outcome` is what came of following."""
    difference.decision, difference.decision_reason = decision, reason
    difference.decided_by, difference.decided_at = actor.id, now
    if outcome is not None:
        difference.outcome = outcome[:80]
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="registry.decide_difference",
        object_type="registry_difference",
        object_id=str(difference.id),
        after={
            "decision": decision.value,
            "project_id": difference.project_id,
            "kind": difference.kind.value,
            "outcome": outcome,
        },
        reason=reason,
    )
    told = DifferenceDecided(str(difference.id), difference.project_id, decision.value)
    events.publish(session, told)
