"""Public notices as the public sees them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Date, Select, and_, case, literal, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.registry.errors_objections import NoticeMissing
from miniprogram_api.registry.models import HeldProject, ProjectState
from miniprogram_api.registry.rules.notices import (
    FOLLOWING,
    SHOWN_AFTER,
    UNDER_NOTICE,
    NoticeState,
    Period,
    days_left,
    state_of,
)
from miniprogram_api.sites.rules.dictionary import DISTRICTS, LEVELS, TYPES, shown_code, shown_name

# Behind every day that a notice can end on, in this order.
_AFTER_THE_OPEN, _LAST = date(9999, 12, 30), date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class NoticeShown:
    """A public notice; `until` is its last day, on which objections are still taken."""

    id: str
    name: str
    type: str
    type_name: str
    level: str
    level_name: str
    district: str
    district_name: str
    applicant: str | None
    begins_on: date
    until: date
    days_left: int
    state: NoticeState
    open: bool
    document_url: str | None
    document_number: str | None


def list_notices(
    session: Session, *, today: date, state: NoticeState | None, limit: int, cursor: str | None
) -> Page[NoticeShown]:
    """Notices: those open with the soonest to end first, those to come, those over with the latest first."""
    wanted = _shown(today)
    if state is not None:
        wanted = wanted.where(_in_state(state, today))
    soonest: ColumnElement[date] = case(
        (_in_state(NoticeState.OPEN, today), HeldProject.notice_until),
        (_in_state(NoticeState.UPCOMING, today), literal(_AFTER_THE_OPEN, Date)),
        else_=literal(_LAST, Date),
    )
    found = page(
        session,
        wanted,
        (soonest, HeldProject.notice_until, HeldProject.project_id),
        limit=limit,
        cursor=cursor,
        descending=(False, True, False),
    )
    return Page([_show(project, today) for project in found.items], found.next_cursor)


def get_notice(session: Session, project_id: str, *, today: date) -> NoticeShown:
    """One notice. Raises NoticeMissing, for a project whose notice is not shown too."""
    project = find_shown_project(session, project_id, today=today)
    if project is None:
        raise NoticeMissing
    return _show(project, today)


def find_shown_project(session: Session, project_id: str, *, today: date) -> HeldProject | None:
    """The project, if the public may see its notice."""
    if not project_id.isprintable():
        # What no registry's id holds, and some of it no database takes.
        return None
    return session.scalar(_shown(today).where(HeldProject.project_id == project_id))


def period_of(project: HeldProject) -> Period:
    """The days of a shown project's notice."""
    if project.notice_from is None or project.notice_until is None:
        raise ValueError("a project without a period has no notice")
    return Period(project.notice_from, project.notice_until)


def _shown(today: date) -> Select[HeldProject]:
    """What the registry has under notice, and what came through one that ended lately."""
    return select(HeldProject).where(
        HeldProject.state == ProjectState.LIVE,
        HeldProject.notice_from.is_not(None),
        HeldProject.notice_until.is_not(None),
        or_(
            HeldProject.lifecycle == UNDER_NOTICE,
            and_(HeldProject.lifecycle.in_(FOLLOWING), HeldProject.notice_until > today - SHOWN_AFTER),
        ),
    )


def _in_state(state: NoticeState, today: date) -> ColumnElement[bool]:
    """`rules.notices.state_of` for the database."""
    under_notice = HeldProject.lifecycle == UNDER_NOTICE
    over, begun = HeldProject.notice_until <= today, HeldProject.notice_from <= today
    conditions: Mapping[NoticeState, ColumnElement[bool]] = {
        NoticeState.CLOSED: or_(~under_notice, over),
        NoticeState.UPCOMING: and_(under_notice, ~over, ~begun),
        NoticeState.OPEN: and_(under_notice, ~over, begun),
    }
    return conditions[state]


def _show(project: HeldProject, today: date) -> NoticeShown:
    period = period_of(project)
    state = state_of(period, lifecycle=project.lifecycle, today=today)
    return NoticeShown(
        id=project.project_id,
        name=project.name,
        type=shown_code(TYPES, project.type_code),
        type_name=shown_name(TYPES, project.type_code),
        level=shown_code(LEVELS, project.level_code),
        level_name=shown_name(LEVELS, project.level_code),
        district=shown_code(DISTRICTS, project.district_code),
        district_name=shown_name(DISTRICTS, project.district_code),
        applicant=project.operator_name,
        begins_on=period.begins_on,
        until=period.last_day,
        days_left=days_left(period, lifecycle=project.lifecycle, today=today),
        state=state,
        open=state is NoticeState.OPEN,
        document_url=project.notice_url,
        document_number=project.notice_doc_no,
    )
