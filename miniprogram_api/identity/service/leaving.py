"""Disabling an account whose owner leaves: what is open on its desk becomes somebody else's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session, aliased

from miniprogram_api.identity import handover, permissions
from miniprogram_api.identity.handover import OpenTask
from miniprogram_api.identity.models import RoleGrant, StaffAccount
from miniprogram_api.identity.service import invitations, staff, staff_trail
from miniprogram_api.identity.staff_errors import ReceiverNeeded, ReceiverUnfit
from miniprogram_api.identity.staff_events import TasksHandedOver
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import execute_counting


@dataclass(frozen=True, slots=True)
class LeftTasks:
    """The open tasks of one kind, and what their receiver must be allowed to do."""

    kind: str
    permission: str
    tasks: Sequence[OpenTask]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who could go on with the tasks."""

    id: UUID
    username: str
    display_name: str


def list_left(session: Session, staff_id: UUID) -> list[LeftTasks]:
    """What disabling the account would leave to somebody: one statement for each kind."""
    found = (
        LeftTasks(each.name, each.permission, each.desk.list_open(session, staff_id))
        for each in handover.desks()
    )
    return [left for left in found if left.tasks]


def list_receivers(session: Session, staff_id: UUID, left: Sequence[LeftTasks]) -> list[Receiver]:
    """Accounts in use that may do all of it, by name."""
    living = (
        select(StaffAccount.id, StaffAccount.username, StaffAccount.display_name, RoleGrant)
        .join(RoleGrant, RoleGrant.staff_id == StaffAccount.id)
        .where(
            StaffAccount.id != staff_id,
            StaffAccount.disabled_at.is_(None),
            RoleGrant.revoked_at.is_(None),
            RoleGrant.frozen_at.is_(None),
            RoleGrant.approved_at.is_not(None),
        )
        .order_by(StaffAccount.display_name, StaffAccount.username)
    )
    may: dict[Receiver, set[str]] = {}
    for row in session.execute(living):
        grant = row.RoleGrant
        held = permissions.staff_grant(
            grant.role, organisation_id=grant.organisation_id, site_id=grant.site_id
        )
        person = Receiver(row.id, row.username, row.display_name)
        may.setdefault(person, set()).update(held.permissions)
    needed = {each.permission for each in left}
    return [person for person, permitted in may.items() if needed <= permitted]


def disable_and_hand_over(
    session: Session, *, staff_id: UUID, receiver_id: UUID | None, reason: str, actor: Actor, now: datetime
) -> dict[str, int]:
    """Disable the account and move its open tasks; returns how many of each kind.

    Raises NotFound, OwnAccount, ReceiverUnfit, and ReceiverNeeded when something has to move.
    """
    invitations.withdraw(session, staff_id=staff_id, actor=actor, now=now)
    staff.disable_account(session, staff_id=staff_id, reason=reason, actor=actor, now=now)
    left = list_left(session, staff_id)
    if not left:
        return {}
    if receiver_id is None:
        raise ReceiverNeeded
    if receiver_id not in {person.id for person in list_receivers(session, staff_id, left)}:
        raise ReceiverUnfit
    kinds = {each.kind for each in left}
    moved = {
        each.name: each.desk.hand_over(session, staff_id=staff_id, receiver_id=receiver_id, now=now)
        for each in handover.desks()
        if each.name in kinds
    }
    told = TasksHandedOver(str(staff_id), receiver_id=str(receiver_id), tasks=moved)
    staff_trail.leave(
        session, told, actor=actor, after={"receiver": str(receiver_id), **moved}, reason=reason
    )
    return moved


_Holder = aliased(StaffAccount)


@handover.hands_over("identity.given_roles", permission="staff.manage")
class GivenRoles:
    """Roles that the account gave and that wait for a second person: the receiver stands for them."""

    @staticmethod
    def list_open(session: Session, staff_id: UUID) -> list[OpenTask]:
        """Roles given to the account itself have nobody to wait for."""
        waiting = (
            select(RoleGrant.id, RoleGrant.role, RoleGrant.granted_at, _Holder.display_name)
            .join(_Holder, _Holder.id == RoleGrant.staff_id)
            .where(*_waiting(staff_id))
            .order_by(RoleGrant.granted_at, RoleGrant.id)
        )
        return [
            OpenTask(row.id, f"{row.role}:{row.display_name}", row.granted_at)
            for row in session.execute(waiting)
        ]

    @staticmethod
    def hand_over(session: Session, *, staff_id: UUID, receiver_id: UUID, now: datetime) -> int:
        """The receiver cannot approve what they stand for; a role of their own is taken back instead."""
        own = update(RoleGrant).where(*_waiting(staff_id), RoleGrant.staff_id == receiver_id)
        ended = execute_counting(session, own.values(revoked_at=now, revoke_reason="giver_disabled"))
        moved = update(RoleGrant).where(*_waiting(staff_id)).values(granted_by=receiver_id)
        return ended + execute_counting(session, moved)


def _waiting(staff_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        RoleGrant.granted_by == staff_id,
        RoleGrant.approved_at.is_(None),
        RoleGrant.revoked_at.is_(None),
    )
