"""What is shown of staff accounts: who they are and what they hold, read without a query per row."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from miniprogram_api.identity import permissions
from miniprogram_api.identity.models import RoleGrant, StaffAccount
from miniprogram_api.kernel import paging
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.paging import Page


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A role that an account holds, where, and what it may do there."""

    id: UUID
    role: str
    reach: str
    organisation_id: UUID | None
    site_id: UUID | None
    permissions: tuple[str, ...]
    granted_at: datetime
    granted_by: UUID | None
    frozen_at: datetime | None
    awaiting_approval: bool


@dataclass(frozen=True, slots=True)
class StaffProfile:
    """An account without its secrets."""

    id: UUID
    username: str
    display_name: str
    organisation_id: UUID | None
    demo: bool
    must_change_password: bool
    totp_enrolled: bool
    created_at: datetime
    disabled_at: datetime | None
    grants: tuple[HeldGrant, ...]


def get_profile(session: Session, staff_id: UUID) -> StaffProfile:
    """Raises NotFound."""
    account = session.get(StaffAccount, staff_id)
    if account is None:
        raise NotFound
    return profile_of(session, account)


def profile_of(session: Session, account: StaffAccount) -> StaffProfile:
    """The profile of an account that was read or changed just now."""
    return _profiles(session, [account])[0]


def list_profiles(
    session: Session,
    *,
    organisation_id: UUID | None,
    limit: int,
    cursor: str | None,
    only: Sequence[ColumnElement[bool]] = (),
) -> Page[StaffProfile]:
    """Accounts by username, of one organisation or of all; `only` narrows them further."""
    wanted = select(StaffAccount).where(*only)
    if organisation_id is not None:
        wanted = wanted.where(StaffAccount.organisation_id == organisation_id)
    found = paging.page(session, wanted, [StaffAccount.username], limit=limit, cursor=cursor)
    return Page(_profiles(session, found.items), found.next_cursor)


def held(grant: RoleGrant) -> HeldGrant:
    """A grant as it is shown."""
    policy = permissions.staff_grant(grant.role, organisation_id=grant.organisation_id, site_id=grant.site_id)
    return HeldGrant(
        id=grant.id,
        role=grant.role,
        reach=permissions.reach_of(organisation_id=grant.organisation_id, site_id=grant.site_id).value,
        organisation_id=grant.organisation_id,
        site_id=grant.site_id,
        permissions=tuple(sorted(policy.permissions)),
        granted_at=grant.granted_at,
        granted_by=grant.granted_by,
        frozen_at=grant.frozen_at,
        awaiting_approval=grant.approved_at is None,
    )


def _profiles(session: Session, accounts: Sequence[StaffAccount]) -> list[StaffProfile]:
    grants = _grants_of(session, [account.id for account in accounts])
    return [
        StaffProfile(
            id=account.id,
            username=account.username,
            display_name=account.display_name,
            organisation_id=account.organisation_id,
            demo=account.demo,
            must_change_password=account.must_change_password,
            totp_enrolled=account.totp_confirmed_at is not None,
            created_at=account.created_at,
            disabled_at=account.disabled_at,
            grants=tuple(grants[account.id]),
        )
        for account in accounts
    ]


def _grants_of(session: Session, staff_ids: Sequence[UUID]) -> dict[UUID, list[HeldGrant]]:
    living = select(RoleGrant).where(RoleGrant.staff_id.in_(staff_ids), RoleGrant.revoked_at.is_(None))
    grants: dict[UUID, list[HeldGrant]] = defaultdict(list)
    for grant in session.scalars(living.order_by(RoleGrant.id)):
        grants[grant.staff_id].append(held(grant))
    return grants
