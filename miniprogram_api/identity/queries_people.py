"""People and organisations as the console lists and names them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import Organisation, RoleGrant, StaffAccount
from miniprogram_api.identity.service import staff_profiles
from miniprogram_api.identity.service.staff_profiles import StaffProfile
from miniprogram_api.kernel.paging import Page


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which accounts are wanted; `state`: active, invited, awaiting, disabled; None does not matter."""

    text: str | None = None
    role: str | None = None
    organisation_id: UUID | None = None
    state: str | None = None


def list_people(
    session: Session, wanted: PeopleFilter, *, limit: int, cursor: str | None
) -> Page[StaffProfile]:
    """Accounts by username, each with the roles it holds."""
    only: list[ColumnElement[bool]] = []
    if wanted.text:
        typed = f"%{_literal(wanted.text)}%"
        only.append(
            or_(
                StaffAccount.username.ilike(typed, escape="\\"),
                StaffAccount.display_name.ilike(typed, escape="\\"),
            )
        )
    living = (RoleGrant.staff_id == StaffAccount.id, RoleGrant.revoked_at.is_(None))
    if wanted.role:
        only.append(select(RoleGrant.id).where(*living, RoleGrant.role == wanted.role).exists())
    if wanted.state == "awaiting":
        only.append(select(RoleGrant.id).where(*living, RoleGrant.approved_at.is_(None)).exists())
    elif wanted.state == "disabled":
        only.append(StaffAccount.disabled_at.is_not(None))
    elif wanted.state in {"active", "invited"}:
        only.append(StaffAccount.disabled_at.is_(None))
        begun = or_(StaffAccount.totp_confirmed_at.is_not(None), StaffAccount.demo)
        only.append(begun if wanted.state == "active" else ~begun)
    return staff_profiles.list_profiles(
        session, organisation_id=wanted.organisation_id, limit=limit, cursor=cursor, only=only
    )


def list_organisation_names(session: Session) -> list[tuple[UUID, str]]:
    """Every organisation by name, for who chooses one."""
    wanted = select(Organisation.id, Organisation.name).order_by(Organisation.name)
    return [(row.id, row.name) for row in session.execute(wanted)]


def names_of_organisations(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """What organisations are called; one statement."""
    if not ids:
        return {}
    named = select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids))
    return {row.id: row.name for row in session.execute(named)}


def names_of_staff(session: Session, ids: Iterable[UUID | str | None]) -> dict[str, str]:
    """What people are called, by their ids as text; one statement. What is no id of staff has no name."""
    wanted = {found for each in ids if (found := _id(each)) is not None}
    if not wanted:
        return {}
    named = select(StaffAccount.id, StaffAccount.display_name).where(StaffAccount.id.in_(wanted))
    return {str(row.id): row.display_name for row in session.execute(named)}


def find_staff_ids(session: Session, typed: str) -> tuple[str, ...]:
    """Whose username or name holds what was typed, fifty at most; an id stands for itself."""
    if _id(typed.strip()) is not None:
        return (str(_id(typed.strip())),)
    like = f"%{_literal(typed)}%"
    by_name = StaffAccount.display_name.ilike(like, escape="\\")
    named = or_(StaffAccount.username.ilike(like, escape="\\"), by_name)
    return tuple(str(found) for found in session.scalars(select(StaffAccount.id).where(named).limit(50)))


def count_awaiting(session: Session, *, but: UUID) -> int:
    """How many roles wait for somebody else than one person to approve them."""
    waiting = (
        select(func.count())
        .select_from(RoleGrant)
        .where(
            RoleGrant.approved_at.is_(None),
            RoleGrant.revoked_at.is_(None),
            RoleGrant.granted_by != but,
            RoleGrant.staff_id != but,
        )
    )
    return session.scalar(waiting) or 0


def count_accounts_by_organisation(session: Session, ids: Collection[UUID]) -> dict[UUID, int]:
    """How many accounts in use belong to each."""
    counted = (
        select(StaffAccount.organisation_id, func.count())
        .where(StaffAccount.organisation_id.in_(ids), StaffAccount.disabled_at.is_(None))
        .group_by(StaffAccount.organisation_id)
    )
    return {each: count for each, count in session.execute(counted) if each is not None}


def _id(value: UUID | str | None) -> UUID | None:
    if value is None or isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except ValueError:
        return None


def _literal(typed: str) -> str:
    return typed.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
