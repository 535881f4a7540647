"""Freezing what the former operator of a site holds there, and thawing it one by one.

A frozen role or device is kept and shown, and counts for nothing: who comes with the site does not keep the
keys to it unless somebody decides so.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import GateDevice, RoleGrant, StaffAccount
from miniprogram_api.identity.service import staff_trail
from miniprogram_api.identity.staff_events import (
    GateDeviceFrozen,
    GateDeviceRestored,
    RoleFrozen,
    RoleRestored,
)
from miniprogram_api.kernel.audit import Actor


def freeze(
    session: Session,
    *,
    site_id: UUID,
    organisation_id: UUID | None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Freeze the roles over a site and the devices at its gate; see `roles.freeze_grants`."""
    grants = _grants_at(session, site_id, organisation_id)
    for grant in grants:
        grant.frozen_at = now
        frozen = RoleFrozen(str(grant.staff_id), grant_id=str(grant.id), role=grant.role, scope=grant.scope)
        staff_trail.leave(session, frozen, actor=actor, before=_facts(grant), reason=reason)
    devices = _devices_at(session, site_id)
    for device in devices:
        device.frozen_at = now
        staff_trail.leave(session, GateDeviceFrozen(str(device.id), str(site_id)), actor=actor, reason=reason)
    session.flush()
    return len(grants) + len(devices)


def thaw(session: Session, grant: RoleGrant, *, actor: Actor) -> RoleGrant:
    """Let a frozen role count again from the account's next request on."""
    grant.frozen_at = None
    session.flush()
    restored = RoleRestored(str(grant.staff_id), grant_id=str(grant.id), role=grant.role, scope=grant.scope)
    staff_trail.leave(session, restored, actor=actor, after=_facts(grant))
    return grant


def thaw_device(session: Session, device: GateDevice, *, actor: Actor) -> GateDevice:
    """Let a frozen device scan again."""
    device.frozen_at = None
    session.flush()
    staff_trail.leave(session, GateDeviceRestored(str(device.id), str(device.site_id)), actor=actor)
    return device


def _grants_at(session: Session, site_id: UUID, organisation_id: UUID | None) -> list[RoleGrant]:
    wanted = (
        select(RoleGrant)
        .join(StaffAccount, StaffAccount.id == RoleGrant.staff_id)
        .where(RoleGrant.site_id == site_id, RoleGrant.revoked_at.is_(None), RoleGrant.frozen_at.is_(None))
    )
    if organisation_id is not None:
        theirs = or_(StaffAccount.organisation_id == organisation_id, StaffAccount.organisation_id.is_(None))
        wanted = wanted.where(theirs)
    ordered = wanted.order_by(RoleGrant.id).with_for_update(of=RoleGrant)
    return list(session.scalars(ordered.execution_options(populate_existing=True)))


def _devices_at(session: Session, site_id: UUID) -> list[GateDevice]:
    wanted = select(GateDevice).where(
        GateDevice.site_id == site_id, GateDevice.revoked_at.is_(None), GateDevice.frozen_at.is_(None)
    )
    ordered = wanted.order_by(GateDevice.id).with_for_update()
    return list(session.scalars(ordered.execution_options(populate_existing=True)))


def _facts(grant: RoleGrant) -> dict[str, str]:
    return {"role": grant.role, "scope": grant.scope}
