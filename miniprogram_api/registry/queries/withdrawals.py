"""How the withdrawal of a site goes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.access import Principal
from miniprogram_api.registry.models import WithdrawalCall, WithdrawalCase, WithdrawalState
from miniprogram_api.registry.rules.withdrawals import CALLED_WITHIN
from miniprogram_api.sites.queries import sites_within
from miniprogram_api.visits.queries import withdrawals as visits
from miniprogram_api.visits.queries.withdrawals import CallFilter, Scope


def list_recent_sites(session: Session, principal: Principal, *, since: datetime) -> list[UUID]:
    """The sites of the caller's scope whose withdrawal is being carried out, or began after a moment."""
    within = sites_within(principal, "withdrawals.view")
    recent = or_(WithdrawalCase.state == WithdrawalState.RUNNING, WithdrawalCase.opened_at >= since)
    cases = select(WithdrawalCase.site_id).where(
        WithdrawalCase.site_id.in_(within), WithdrawalCase.state != WithdrawalState.SUPERSEDED, recent
    )
    return list(session.scalars(cases.distinct().order_by(WithdrawalCase.site_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A case, what of it is left to do, and how many of those to call have been called."""

    case: WithdrawalCase
    bookings_left: int
    people_to_call: int
    people_called: int


def find_case(session: Session, site_id: UUID) -> WithdrawalCase | None:
    """The last withdrawal of a site; one that a newer version took over from is that one's business."""
    cases = select(WithdrawalCase).where(
        WithdrawalCase.site_id == site_id, WithdrawalCase.state != WithdrawalState.SUPERSEDED
    )
    return session.scalars(cases.order_by(WithdrawalCase.version.desc()).limit(1)).one_or_none()


def find_progress(session: Session, site_id: UUID, *, now: datetime) -> Progress | None:
    """The last withdrawal of a site and how it goes; None where there was none."""
    case = find_case(session, site_id)
    if case is None:
        return None
    running = case.state is WithdrawalState.RUNNING
    scope = Scope(site_id=site_id, since=case.effective_at)
    called = select(func.count(WithdrawalCall.booking_id.distinct())).where(
        WithdrawalCall.booking_id.in_(visits.ids_to_call(callable_of(case)))
    )
    return Progress(
        case=case,
        bookings_left=visits.count_left(session, scope, now=now).bookings if running else 0,
        people_to_call=visits.count_people_to_call(session, callable_of(case)),
        people_called=session.scalars(called).one(),
    )


def callable_of(case: WithdrawalCase) -> CallFilter:
    """Whom a case has to be told by telephone, and whom those before it left uncalled."""
    return CallFilter(site_id=case.site_id, since=case.opened_at, before=case.opened_at + CALLED_WITHIN)
