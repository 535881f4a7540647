"""Carrying out a withdrawal, step by step: each step is one transaction, and announces the next one.

Opening the case closes the site's slots together with the record that withdraws it. Batches then cancel the
visits and leave the messages about them. When nothing is left the case is completed. A crash between any two
steps loses nothing: the outbox, or the sweep behind it, goes on where the last commit ended.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.messaging.service import withdrawals as inbox
from miniprogram_api.registry.events_withdrawals import WithdrawalAdvanced
from miniprogram_api.registry.models import HeldProject, WithdrawalCase, WithdrawalState
from miniprogram_api.registry.rules import withdrawals as rules
from miniprogram_api.registry.service.announcements import announce
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.rules import Lifecycle
from miniprogram_api.visits.queries import withdrawals as visit_queries
from miniprogram_api.visits.queries.withdrawals import Scope
from miniprogram_api.visits.service import withdrawals as visits
from miniprogram_api.visits.service.ending import BATCH

# Where a site stays that the registry withdrew; in any other state it has been given back.
_OVER = frozenset({Lifecycle.WITHDRAWN, Lifecycle.REMOVED, Lifecycle.RECALLED})


def open_case(
    session: Session,
    *,
    project: HeldProject,
    effective_at: datetime,
    reason_code: str | None,
    doc_no: str | None,
    now: datetime,
    actor: Actor,
) -> None:
    """Close every slot to come of a withdrawn project's site, and begin to cancel its visits.

    Called in the transaction that takes the record over, which closes the site itself. A version that was
    seen before changes nothing, nor does a later one that moves nothing; one with another date reopens.
    """
    if project.site_id is None:
        return
    last = _last_of(session, project.project_id)
    if last is not None and last.version >= project.version:
        return
    closed = visits.close_slots(session, site_id=project.site_id, now=now)
    if last is not None and closed == 0 and last.effective_at == effective_at:
        return
    case = WithdrawalCase(
        id=new_id(),
        project_id=project.project_id,
        version=project.version,
        site_id=project.site_id,
        state=WithdrawalState.RUNNING,
        effective_at=effective_at,
        reason_code=reason_code,
        doc_no=doc_no,
        slots_closed=closed,
        bookings_cancelled=0,
        people_notified=0,
        unreachable=0,
        opened_at=now,
        completed_at=None,
    )
    session.add(case)
    if last is not None and last.state is WithdrawalState.RUNNING:
        _carry_on(case, last, now)
    session.flush()
    _tell(session, case, "opened", actor, after={"slots_closed": closed})


def advance(session: Session, *, case_id: UUID, actor: Actor, now: datetime, limit: int = BATCH) -> bool:
    """Take the next step of a case; returns whether more remain. A case that is over stays as it is."""
    wanted = select(WithdrawalCase).where(WithdrawalCase.id == case_id).with_for_update()
    case = session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    if case is None or case.state is not WithdrawalState.RUNNING:
        return False
    site = site_queries.find_site(session, case.site_id)
    if site is None:
        raise AssertionError("unreachable")  # a site is never deleted
    over = site.lifecycle in _OVER
    if over:
        case.slots_closed += visits.close_slots(session, site_id=case.site_id, now=now)
    # Once the registry has titled it again, what was booked since is none of this case's business.
    made_until = None if over else case.opened_at
    scope = Scope(site_id=case.site_id, since=case.effective_at, made_until=made_until)
    cancelled = _cancel(session, case, scope, site=site.name, actor=actor, now=now, limit=limit)
    left = visit_queries.count_left(session, scope, now=now)
    if left.bookings == 0 and (left.slots == 0 or not over):
        _complete(session, case, actor=actor, now=now)
        return False
    _tell(session, case, "cancelled", actor, after={"cancelled": cancelled})
    return True


def list_running(session: Session, *, limit: int) -> list[UUID]:
    """Cases that are not completed, the oldest first."""
    running = select(WithdrawalCase.id).where(WithdrawalCase.state == WithdrawalState.RUNNING)
    return list(session.scalars(running.order_by(WithdrawalCase.opened_at, WithdrawalCase.id).limit(limit)))


def _last_of(session: Session, project_id: str) -> WithdrawalCase | None:
    cases = select(WithdrawalCase).where(WithdrawalCase.project_id == project_id)
    newest = cases.order_by(WithdrawalCase.version.desc()).limit(1).with_for_update()
    return session.scalars(newest.execution_options(populate_existing=True)).one_or_none()


def _carry_on(case: WithdrawalCase, last: WithdrawalCase, now: datetime) -> None:
    """The newer case finishes what an unfinished one began, and answers for all of it."""
    last.state, last.completed_at = WithdrawalState.SUPERSEDED, now
    case.slots_closed += last.slots_closed
    case.bookings_cancelled, case.unreachable = last.bookings_cancelled, last.unreachable
    case.opened_at = last.opened_at


def _cancel(
    session: Session,
    case: WithdrawalCase,
    scope: Scope,
    *,
    site: str,
    actor: Actor,
    now: datetime,
    limit: int,
) -> int:
    batch = visits.cancel_visits(
        session,
        scope,
        reason=rules.official_reason(case.doc_no),
        actor=actor,
        now=now,
        limit=limit,
    )
    case.bookings_cancelled += len(batch.cancelled)
    case.unreachable += sum(visit.member_id is None for visit in batch.cancelled)
    inbox.tell_all(
        session,
        site=site,
        effective_at=case.effective_at,
        doc_no=case.doc_no,
        visits=batch.cancelled,
        now=now,
    )
    session.flush()
    case.people_notified = visit_queries.count_members(
        session, site_id=case.site_id, cancelled_since=case.opened_at
    )
    return len(batch.cancelled)


def _complete(session: Session, case: WithdrawalCase, *, actor: Actor, now: datetime) -> None:
    case.state, case.completed_at = WithdrawalState.COMPLETED, now
    result = {
        "slots_closed": case.slots_closed,
        "bookings_cancelled": case.bookings_cancelled,
        "people_notified": case.people_notified,
        "unreachable": case.unreachable,
    }
    session.flush()
    _tell(session, case, "completed", actor, after=result)
    announce(
        session,
        type="engagement.withdrawal.completed",
        subject=case.project_id,
        data={"version": case.version, "slots_closed": case.slots_closed, **_told(session, case)},
        now=now,
    )


def _told(session: Session, case: WithdrawalCase) -> dict[str, Any]:
    """What partners may know of the people whom it reached."""
    site_id, since = case.site_id, case.opened_at
    cancelled = visit_queries.count_cancelled_by_day(session, site_id=site_id, cancelled_since=since)
    days = [rules.CancelledDay(*row) for row in cancelled]
    counted = rules.tellable(days)
    people = visit_queries.count_members(
        session, site_id=site_id, cancelled_since=since, days=[day.on for day in counted]
    )
    return asdict(rules.told(days, counted, people=people))


def _tell(session: Session, case: WithdrawalCase, step: str, actor: Actor, *, after: dict[str, int]) -> None:
    audit.record(
        session,
        actor=actor,
        action=f"registry.withdrawal_{step}",
        object_type="withdrawal",
        object_id=str(case.id),
        after={"project_id": case.project_id, "version": case.version, **after},
    )
    advanced = WithdrawalAdvanced(
        case_id=str(case.id), project_id=case.project_id, site_id=str(case.site_id), step=step
    )
    events.publish(session, advanced)
