"""The city's booking rules by version, and which sites follow them: those without rules of their own."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from miniprogram_api.visits.models import DefaultPolicy, PolicyVersion, Slot
from miniprogram_api.visits.rules import policy as rules
from miniprogram_api.visits.rules.timetable import DatedPolicy

_Own = aliased(PolicyVersion)
_Same = aliased(PolicyVersion)


def list_default_versions(session: Session) -> list[DefaultPolicy]:
    """Every version that was stated, the newest first; before the first one the built-in numbers hold."""
    return list(session.scalars(select(DefaultPolicy).order_by(DefaultPolicy.version.desc())))


def find_newest(session: Session) -> int | None:
    """The newest version that was stated."""
    return session.scalar(select(func.max(DefaultPolicy.version)))


def list_dated_defaults(session: Session) -> list[DatedPolicy]:
    """The same as the rules see them."""
    return [
        DatedPolicy(row.id, row.version, row.effective_on, rules.from_numbers(row.numbers))
        for row in list_default_versions(session)
    ]


def list_followers_without(session: Session, version: int, *, limit: int) -> list[UUID]:
    """Sites that follow the city's rules and have not heard of a version of them."""
    has_it = exists().where(_Same.site_id == PolicyVersion.site_id, _Same.default_version == version)
    wanted = select(PolicyVersion.site_id).where(PolicyVersion.version == 1, _follows(), ~has_it)
    return list(session.scalars(wanted.order_by(PolicyVersion.site_id).limit(limit)))


def count_followers(session: Session) -> int:
    """How many sites with slots follow the city's rules."""
    wanted = select(func.count()).select_from(PolicyVersion).where(PolicyVersion.version == 1, _follows())
    return session.scalar(wanted) or 0


def count_slots_following(session: Session, *, first: date) -> int:
    """How many of their slots lie on a day or later."""
    followers = select(PolicyVersion.site_id).where(PolicyVersion.version == 1, _follows())
    wanted = select(func.count()).select_from(Slot)
    return session.scalar(wanted.where(Slot.visit_on >= first, Slot.site_id.in_(followers))) or 0


def _follows() -> ColumnElement[bool]:
    own = exists().where(_Own.site_id == PolicyVersion.site_id, _Own.default_version.is_(None))
    return ~own
