"""Gate devices: tablets and phones that admit visitors at one site, each with a token shown once."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import GateDevice as GateDevice
from miniprogram_api.identity.models import StaffAccount
from miniprogram_api.identity.service import freezing, staff_trail
from miniprogram_api.identity.staff_errors import NotFrozen
from miniprogram_api.identity.staff_events import GateDeviceAdded, GateDeviceRevoked
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id, opaque_token, token_hash

TOKEN_PREFIX = "gd_"  # noqa: S105  says whose token it is
DEMO_ACTOR = "demo"


class AddedDevice(NamedTuple):
    """A device and its token, known in plain text this once."""

    device: GateDevice
    token: str


def create_device(session: Session, *, site_id: UUID, name: str, actor: Actor, now: datetime) -> AddedDevice:
    """Add a device to a site, which the caller has found within the actor's scope.

    One that a demonstration or its accounts add is of the demonstration too.
    """
    created_by = UUID(actor.id) if actor.kind == "staff" else None
    token = TOKEN_PREFIX + opaque_token()
    device = GateDevice(
        id=new_id(),
        site_id=site_id,
        name=name,
        token_hash=token_hash(token),
        created_at=now,
        created_by=created_by,
        demo=actor.id == DEMO_ACTOR or _is_demo(session, created_by),
    )
    session.add(device)
    session.flush()
    event = GateDeviceAdded(str(device.id), str(site_id))
    staff_trail.leave(session, event, actor=actor, after={"site": str(site_id), "name": name})
    return AddedDevice(device, token)


def list_devices(session: Session, *, site_id: UUID) -> list[GateDevice]:
    """The devices of a site that are in use or frozen, oldest first."""
    living = select(GateDevice).where(GateDevice.site_id == site_id, GateDevice.revoked_at.is_(None))
    return list(session.scalars(living.order_by(GateDevice.id)))


def name_of(session: Session, kind: str, principal_id: UUID) -> str | None:
    """What people call a device, revoked ones too, or a staff member; None for anybody else."""
    if kind == "device":
        return session.scalar(select(GateDevice.name).where(GateDevice.id == principal_id))
    if kind == "staff":
        return session.scalar(select(StaffAccount.display_name).where(StaffAccount.id == principal_id))
    return None


def names_of(session: Session, scanners: Iterable[str]) -> dict[str, str]:
    """The same for many, each given as `kind:id`; one statement for devices and one for staff."""
    named: dict[str, str] = {}
    wanted = set(scanners)
    for kind, key, name in (
        ("device", GateDevice.id, GateDevice.name),
        ("staff", StaffAccount.id, StaffAccount.display_name),
    ):
        ids = [UUID(each.partition(":")[2]) for each in wanted if each.startswith(f"{kind}:")]
        if ids:
            rows = session.execute(select(key, name).where(key.in_(ids)))
            named |= {f"{kind}:{row[0]}": row[1] for row in rows}
    return named


def revoke_device(session: Session, *, site_id: UUID, device_id: UUID, actor: Actor, now: datetime) -> None:
    """Refuse the device from its next request on. Raises NotFound unless it is in use at this site."""
    device = _lock_device(session, site_id, device_id)
    device.revoked_at = now
    staff_trail.leave(session, GateDeviceRevoked(str(device.id), str(site_id)), actor=actor)


def restore_device(session: Session, *, site_id: UUID, device_id: UUID, actor: Actor) -> GateDevice:
    """Let a frozen device scan again. Raises NotFound, and NotFrozen for one that scans."""
    device = _lock_device(session, site_id, device_id)
    if device.frozen_at is None:
        raise NotFrozen
    return freezing.thaw_device(session, device, actor=actor)


def _is_demo(session: Session, staff_id: UUID | None) -> bool:
    return session.scalar(select(StaffAccount.demo).where(StaffAccount.id == staff_id)) is True


def _lock_device(session: Session, site_id: UUID, device_id: UUID) -> GateDevice:
    wanted = select(GateDevice).where(
        GateDevice.id == device_id, GateDevice.site_id == site_id, GateDevice.revoked_at.is_(None)
    )
    device = session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if device is None:
        raise NotFound
    return device
