"""Requests about personal data that come on paper: entered, given more time, and decided with a reason.

What members ask for in the mini-program they get at once; this is for everybody else, and names no person.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import DataRequest as DataRequest
from miniprogram_api.identity.models import RequestChannel as RequestChannel
from miniprogram_api.identity.models import RequestKind as RequestKind
from miniprogram_api.identity.models import RequestState as RequestState
from miniprogram_api.identity.service import staff_trail
from miniprogram_api.identity.staff_errors import RequestDecided
from miniprogram_api.identity.staff_events import (
    DataRequestDecided,
    DataRequestEvent,
    DataRequestExtended,
    DataRequestFiled,
)
from miniprogram_api.kernel import workdays
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.errors import FieldError, Invalid, NotFound
from miniprogram_api.kernel.ids import new_id, short_code

# A copy may take a month to make; whoever wants something stopped or put right hears within three weeks.
_CALENDAR_DAYS = 30
_WORKING_DAYS = 15
_BY_CALENDAR = frozenset({RequestKind.ACCESS, RequestKind.COPY})
_LOOK_AHEAD = timedelta(days=60)
_LONGEST = timedelta(days=90)


def due_on(session: Session, kind: RequestKind, received_on: date) -> date:
    """By when a request is to be answered: 30 days for copies, 15 working days for everything else."""
    if kind in _BY_CALENDAR:
        return received_on + timedelta(days=_CALENDAR_DAYS)
    ahead = workdays.days(session, received_on + timedelta(days=1), received_on + _LOOK_AHEAD)
    working = [on for on, day in ahead.items() if day.is_working]
    return working[_WORKING_DAYS - 1]


def file_request(
    session: Session,
    *,
    kind: RequestKind,
    channel: RequestChannel,
    received_on: date,
    file_number: str | None,
    actor: Actor,
    now: datetime,
) -> DataRequest:
    """Enter a request; its number is what the person is told. Raises Invalid for a day to come."""
    if received_on > beijing_date(now):
        raise Invalid(fields=[FieldError("received_on", "requests.received_later")])
    request = DataRequest(
        id=new_id(),
        number=f"DR-{received_on:%Y%m%d}-{short_code(6)}",
        kind=kind,
        channel=channel,
        received_on=received_on,
        due_on=due_on(session, kind, received_on),
        file_number=file_number,
        state=RequestState.OPEN,
        outcome=None,
        decided_at=None,
        decided_by=None,
        created_at=now,
        created_by=_person(actor),
    )
    session.add(request)
    session.flush()
    after = {"kind": kind.value, "channel": channel.value, "due_on": request.due_on.isoformat()}
    _leave(session, DataRequestFiled, request, actor, after=after)
    return request


def extend_request(
    session: Session, request_id: UUID, *, until: date, reason: str, actor: Actor
) -> DataRequest:
    """Give a request more time, for a reason that the person is told.

    Raises NotFound, RequestDecided, and Invalid unless it is later and within 90 days of the request.
    """
    request = _lock_open(session, request_id)
    if not request.due_on < until <= request.received_on + _LONGEST:
        raise Invalid(fields=[FieldError("until", "requests.until")])
    before = {"due_on": request.due_on.isoformat()}
    request.due_on = until
    after = {"due_on": until.isoformat()}
    _leave(session, DataRequestExtended, request, actor, before=before, after=after, reason=reason)
    return request


def decide_request(
    session: Session, request_id: UUID, *, state: RequestState, outcome: str, actor: Actor, now: datetime
) -> DataRequest:
    """Say what came of it: done, or refused, each in words. Raises NotFound, RequestDecided."""
    request = _lock_open(session, request_id)
    request.state, request.outcome = state, outcome
    request.decided_at, request.decided_by = now, _person(actor)
    late = beijing_date(now) > request.due_on
    after = {"state": state.value, "late": late}
    _leave(session, DataRequestDecided, request, actor, after=after, reason=outcome)
    return request


def _lock_open(session: Session, request_id: UUID) -> DataRequest:
    wanted = select(DataRequest).where(DataRequest.id == request_id).with_for_update()
    request = session.scalar(wanted.execution_options(populate_existing=True))
    if request is None:
        raise NotFound
    if request.state is not RequestState.OPEN:
        raise RequestDecided
    return request


def _person(actor: Actor) -> UUID | None:
    return UUID(actor.id) if actor.kind == "staff" else None


def _leave(
    session: Session,
    event: type[DataRequestEvent],
    request: DataRequest,
    actor: Actor,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    told = event(str(request.id), number=request.number)
    staff_trail.leave(session, told, actor=actor, before=before, after=after, reason=reason)
