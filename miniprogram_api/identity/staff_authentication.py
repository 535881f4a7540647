"""Recognises staff and gate devices; roles are read with the token, so that taking one back holds at once."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import current_app, has_request_context, request
from sqlalchemy import Select, and_, bindparam, select

from miniprogram_api.identity import permissions
from miniprogram_api.identity.models import GateDevice, RoleGrant, StaffAccount, StaffSession
from miniprogram_api.identity.service import staff_sessions
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.access import Grant, Principal, PrincipalKind
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import token_hash

_WATCHING = "X-Watching"
# Built once: SQLAlchemy then finds its compiled form by the statement's memoised key.
_STAFF: Select[*tuple[Any, ...]] = (
    select(
        StaffSession.id,
        StaffSession.last_seen_at,
        StaffSession.expires_at,
        StaffSession.proven_at,
        StaffAccount.id.label("staff_id"),
        StaffAccount.demo,
        StaffAccount.must_change_password,
        RoleGrant.role,
        RoleGrant.organisation_id,
        RoleGrant.site_id,
    )
    .join(StaffAccount, StaffAccount.id == StaffSession.staff_id)
    .outerjoin(
        RoleGrant,
        and_(
            RoleGrant.staff_id == StaffAccount.id,
            RoleGrant.revoked_at.is_(None),
            RoleGrant.frozen_at.is_(None),
            RoleGrant.approved_at.is_not(None),
        ),
    )
    .where(
        StaffSession.access_hash == bindparam("access_hash"),
        StaffSession.revoked_at.is_(None),
        StaffAccount.disabled_at.is_(None),
    )
)
_DEVICE = select(GateDevice.id, GateDevice.site_id, GateDevice.demo).where(
    GateDevice.token_hash == bindparam("token_hash"),
    GateDevice.revoked_at.is_(None),
    GateDevice.frozen_at.is_(None),
)


def authenticate_staff(token: str) -> Principal | None:
    """Who holds this token, with the roles they hold now; None when it is unknown, over or ended.

    Whoever has to change their password holds no role until they have.
    """
    now = clock.now()
    with reading() as session:
        rows = session.execute(_STAFF, {"access_hash": token_hash(token)}).all()
        idle = staff_sessions.idle_life(session, now)
    if not rows or (rows[0].demo and current_app.extensions["settings"].production):
        return None
    found = rows[0]
    seen_at, expires_at = found.last_seen_at, found.expires_at
    if staff_sessions.is_over(last_seen_at=seen_at, expires_at=expires_at, idle=idle, now=now):
        with atomic() as session:
            staff_sessions.close_over(session, found.id, now)
        return None
    if now - found.last_seen_at >= staff_sessions.SEEN_EVERY and not _is_left_alone():
        with atomic() as session:
            staff_sessions.mark_seen(session, found.id, now)
    held = () if found.must_change_password else _held(rows)
    # An account of the demonstration has no second factor that could be asked for again.
    fresh = found.demo or staff_sessions.is_fresh(proven_at=found.proven_at, now=now)
    grants = (permissions.STAFF_SELF, *held)
    return Principal(PrincipalKind.STAFF, found.staff_id, found.id, grants, fresh=fresh)


def _is_left_alone() -> bool:
    """Whether a page asked by itself for what is new: nobody need be sitting before it."""
    return has_request_context() and _WATCHING in request.headers


def _held(rows: Sequence[Any]) -> Iterator[Grant]:
    for row in rows:
        if row.role is not None:
            yield permissions.staff_grant(row.role, organisation_id=row.organisation_id, site_id=row.site_id)


def authenticate_device(token: str) -> Principal | None:
    """Which gate device holds this token; None when it is unknown, revoked or frozen."""
    with reading() as session:
        found = session.execute(_DEVICE, {"token_hash": token_hash(token)}).one_or_none()
    if found is None or (found.demo and current_app.extensions["settings"].production):
        return None
    return Principal(PrincipalKind.DEVICE, found.id, found.id, (permissions.device_grant(found.site_id),))
