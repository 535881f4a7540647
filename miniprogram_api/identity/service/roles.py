"""Roles: which account holds which, over a site, an organisation's sites or the city."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.identity import permissions
from miniprogram_api.identity.models import RoleGrant, StaffAccount
from miniprogram_api.identity.permissions import Reach, Role
from miniprogram_api.identity.service import freezing, organisations, staff, staff_trail
from miniprogram_api.identity.staff_errors import (
    AlreadyGranted,
    NoSuchObject,
    NotAwaiting,
    NotFrozen,
    RoleReach,
    SecondPersonNeeded,
)
from miniprogram_api.identity.staff_events import RoleApproved, RoleGranted, RoleRevoked, StaffMoved
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id


def grant_role(
    session: Session,
    *,
    staff_id: UUID,
    role: Role,
    organisation_id: UUID | None = None,
    site_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> RoleGrant:
    """Give a role; a frozen one counts again. One that takes two people waits for the second.

    Raises NotFound, OwnAccount, RoleReach, NoSuchObject, AlreadyGranted. The account's row is locked, so two
    grants of one role come one after the other.
    """
    staff.refuse_own(actor, staff_id)
    account = staff.lock_account(session, staff_id)
    if organisation_id is not None and site_id is not None:
        raise RoleReach
    reach = permissions.reach_of(organisation_id=organisation_id, site_id=site_id)
    if not permissions.can_be_held(role, reach):
        raise RoleReach
    organisations.check_exists(session, organisation_id)
    scope = _scope(reach, organisation_id or site_id)
    held = _find_living(session, account.id, role, scope)
    if held is not None and held.frozen_at is None:
        raise AlreadyGranted
    if held is not None:
        return freezing.thaw(session, held, actor=actor)
    grant = RoleGrant(
        id=new_id(),
        staff_id=account.id,
        role=role.value,
        scope=scope,
        organisation_id=organisation_id,
        site_id=site_id,
        granted_at=now,
        granted_by=UUID(actor.id) if actor.kind == "staff" else None,
        approved_at=None if _takes_two(role, actor) else now,
    )
    _insert(session, grant)
    event = RoleGranted(str(account.id), grant_id=str(grant.id), role=role.value, scope=scope)
    after = {"role": role.value, "scope": scope, "awaiting_approval": grant.approved_at is None}
    staff_trail.leave(session, event, actor=actor, after=after)
    return grant


def approve_grant(
    session: Session, *, staff_id: UUID, grant_id: UUID, actor: Actor, now: datetime
) -> RoleGrant:
    """Let a role count that waits for a second person.

    Raises NotFound, OwnAccount, NotAwaiting, and SecondPersonNeeded for who gave it. Declining is revoking.
    """
    staff.refuse_own(actor, staff_id)
    grant = _get_living(session, staff_id, grant_id)
    if grant.approved_at is not None:
        raise NotAwaiting
    if actor.id == str(grant.granted_by):
        raise SecondPersonNeeded
    grant.approved_at, grant.approved_by = now, UUID(actor.id) if actor.kind == "staff" else None
    event = RoleApproved(str(staff_id), grant_id=str(grant.id), role=grant.role, scope=grant.scope)
    after = {"role": grant.role, "scope": grant.scope, "granted_by": str(grant.granted_by)}
    staff_trail.leave(session, event, actor=actor, after=after)
    return grant


def _takes_two(role: Role, actor: Actor) -> bool:
    """Whether a second person has to agree; who has a shell on the server makes the first administrators."""
    return role in permissions.TWO_PERSON and actor.kind == "staff"


def revoke_grant(
    session: Session, *, staff_id: UUID, grant_id: UUID, reason: str | None, actor: Actor, now: datetime
) -> None:
    """Take a role back; its holder's next request is judged without it. Raises NotFound or OwnAccount."""
    staff.refuse_own(actor, staff_id)
    staff.lock_account(session, staff_id)
    if not _revoke(session, staff_id, RoleGrant.id == grant_id, reason=reason, actor=actor, now=now):
        raise NotFound


def restore_grant(session: Session, *, staff_id: UUID, grant_id: UUID, actor: Actor) -> RoleGrant:
    """Let a frozen role count again. Raises NotFound, OwnAccount, and NotFrozen for one that counts."""
    staff.refuse_own(actor, staff_id)
    grant = _get_living(session, staff_id, grant_id)
    if grant.frozen_at is None:
        raise NotFrozen
    return freezing.thaw(session, grant, actor=actor)


def freeze_grants(
    session: Session,
    *,
    site_id: UUID,
    organisation_id: UUID | None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Freeze what a site's former operator holds at it; returns how many roles and devices.

    That is every role over this site of accounts of that organisation, and of accounts that belong to none,
    and every device at its gate. Roles over the organisation's sites need no freezing: whose sites those are
    is looked up at each use. With no former organisation known, every role over the site is frozen.
    """
    return freezing.freeze(
        session, site_id=site_id, organisation_id=organisation_id, reason=reason, actor=actor, now=now
    )


def move_account(
    session: Session, *, staff_id: UUID, organisation_id: UUID | None, actor: Actor, now: datetime
) -> StaffAccount:
    """Change the organisation an account belongs to; what it held through a former one is taken back.

    Raises NotFound, OwnAccount or NoSuchObject.
    """
    staff.refuse_own(actor, staff_id)
    account = staff.lock_account(session, staff_id)
    former = account.organisation_id
    if former == organisation_id:
        return account
    organisations.check_exists(session, organisation_id)
    account.organisation_id = organisation_id
    event = StaffMoved(str(account.id), str(organisation_id) if organisation_id else None)
    before = {"organisation": str(former) if former else None}
    staff_trail.leave(
        session, event, actor=actor, before=before, after={"organisation": event.organisation_id}
    )
    if former is not None:
        over_objects = RoleGrant.scope != _scope(Reach.CITY, None)
        _revoke(session, account.id, over_objects, reason="left_organisation", actor=actor, now=now)
    return account


def _revoke(
    session: Session,
    staff_id: UUID,
    which: ColumnElement[bool],
    *,
    reason: str | None,
    actor: Actor,
    now: datetime,
) -> int:
    living = select(RoleGrant).where(RoleGrant.staff_id == staff_id, RoleGrant.revoked_at.is_(None), which)
    grants = session.scalars(living).all()
    for grant in grants:
        grant.revoked_at, grant.revoke_reason = now, reason
        event = RoleRevoked(str(staff_id), grant_id=str(grant.id), role=grant.role, scope=grant.scope)
        before = {"role": grant.role, "scope": grant.scope}
        staff_trail.leave(session, event, actor=actor, before=before, reason=reason)
    return len(grants)


def _get_living(session: Session, staff_id: UUID, grant_id: UUID) -> RoleGrant:
    """The grant as last committed, under the lock of its account. Raises NotFound."""
    staff.lock_account(session, staff_id)
    mine = (RoleGrant.id == grant_id, RoleGrant.staff_id == staff_id, RoleGrant.revoked_at.is_(None))
    grant = session.scalar(select(RoleGrant).where(*mine).execution_options(populate_existing=True))
    if grant is None:
        raise NotFound
    return grant


def _find_living(session: Session, staff_id: UUID, role: Role, scope: str) -> RoleGrant | None:
    return session.scalar(
        select(RoleGrant).where(
            RoleGrant.staff_id == staff_id,
            RoleGrant.role == role.value,
            RoleGrant.scope == scope,
            RoleGrant.revoked_at.is_(None),
        )
    )


def _insert(session: Session, grant: RoleGrant) -> None:
    try:
        with session.begin_nested():
            session.add(grant)
    except IntegrityError:
        # Sites belong to a higher layer: their foreign key is how this one knows that a site exists.
        raise NoSuchObject(field="site_id") from None


def _scope(reach: Reach, object_id: UUID | None) -> str:
    return reach.value if object_id is None else f"{reach.value}:{object_id}"
