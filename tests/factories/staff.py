"""Staff for tests, made by the services that make them in life."""

from typing import Any
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from miniprogram_api.identity import totp
from miniprogram_api.identity.models import StaffAccount
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import roles, sign_in, staff, staff_sessions
from miniprogram_api.identity.service.staff_sessions import Origin
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.ids import new_id

PASSWORD = "Green-Maple-Walks-7"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def make_staff(
    session: Session,
    username: str | None = None,
    *,
    role: Role | None = None,
    site_id: UUID | None = None,
    organisation_id: UUID | None = None,
    belongs_to: UUID | None = None,
    totp_secret: str | None = SECRET,
    demo: bool = False,
    must_change_password: bool = False,
) -> StaffAccount:
    """An account with PASSWORD, a confirmed second factor unless told otherwise, and at most one role."""
    account = staff.create_account(
        session,
        username=username or f"staff-{new_id().hex}",
        display_name="李华",
        organisation_id=belongs_to,
        password_hash=_HASH,
        must_change_password=must_change_password,
        demo=demo,
        actor=SYSTEM,
        now=clock_now(),
    )
    if totp_secret is not None:
        account.totp_cipher = totp.seal_secret(totp_secret, staff_id=account.id)
        account.totp_confirmed_at = clock_now()
    if role is not None:
        give_role(session, account.id, role, site_id=site_id, organisation_id=organisation_id)
    session.flush()
    return account


def give_role(
    session: Session,
    staff_id: UUID,
    role: Role,
    *,
    site_id: UUID | None = None,
    organisation_id: UUID | None = None,
) -> UUID:
    grant = roles.grant_role(
        session,
        staff_id=staff_id,
        role=role,
        site_id=site_id,
        organisation_id=organisation_id,
        actor=SYSTEM,
        now=clock_now(),
    )
    return grant.id


def recovery_codes(session: Session, account: StaffAccount) -> list[str]:
    """Fresh recovery codes of an account."""
    return sign_in.confirm_second_factor(session, account, actor=SYSTEM, now=clock_now())


def open_session(session: Session, staff_id: UUID) -> str:
    """The token of a session that needed no password."""
    _, token = staff_sessions.open_session(session, staff_id=staff_id, origin=Origin(), now=clock_now())
    return token


def signed_in(role: Role, **place: Any) -> str:
    """The token of somebody new who holds a role; opens a transaction of its own."""
    with atomic() as session:
        return open_session(session, make_staff(session, role=role, **place).id)


def code_now(*, steps: int = 0, secret: str = SECRET) -> str:
    """What an authenticator shows at the application's time, some steps off."""
    return pyotp.TOTP(secret).generate_otp(int(clock_now().timestamp()) // 30 + steps)
