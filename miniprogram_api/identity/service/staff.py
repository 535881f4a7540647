"""Staff accounts: made, named and disabled by administrators, who never choose anybody's password."""

import re
import unicodedata
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import RecoveryCode, StaffAccount
from miniprogram_api.identity.service import organisations, staff_sessions, staff_trail
from miniprogram_api.identity.staff_errors import OwnAccount, UsernameTaken
from miniprogram_api.identity.staff_events import (
    StaffCreated,
    StaffDisabled,
    StaffEnabled,
    StaffRenamed,
    TotpReset,
)
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import FieldError, Invalid, NotFound
from miniprogram_api.kernel.ids import new_id

_USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,59}")


def normal_username(typed: str) -> str:
    """A username as it is stored and looked up, however it was typed."""
    return unicodedata.normalize("NFKC", typed).strip().casefold()


def create_account(
    session: Session,
    *,
    username: str,
    display_name: str,
    organisation_id: UUID | None,
    password_hash: str,
    must_change_password: bool,
    demo: bool = False,
    actor: Actor,
    now: datetime,
) -> StaffAccount:
    """Make an account without roles. Raises UsernameTaken, NoSuchObject, or Invalid for a bad username."""
    stored = normal_username(username)
    if not _USERNAME.fullmatch(stored):
        raise Invalid(fields=[FieldError("username", "staff.username_form")])
    organisations.check_exists(session, organisation_id)
    account = StaffAccount(
        id=new_id(),
        username=stored,
        display_name=display_name,
        organisation_id=organisation_id,
        password_hash=password_hash,
        password_changed_at=now,
        must_change_password=must_change_password,
        totp_cipher=None,
        totp_confirmed_at=None,
        totp_last_step=None,
        demo=demo,
        created_at=now,
        disabled_at=None,
    )
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError:
        raise UsernameTaken from None
    after = {
        "username": stored,
        "organisation": str(organisation_id) if organisation_id else None,
        "demo": demo,
    }
    staff_trail.leave(session, StaffCreated(str(account.id)), actor=actor, after=after)
    return account


def find_account(session: Session, username: str) -> StaffAccount | None:
    """The account of a username, however it was typed."""
    return session.scalar(select(StaffAccount).where(StaffAccount.username == normal_username(username)))


def lock_account(session: Session, staff_id: UUID) -> StaffAccount:
    """The account, which nobody else changes until the transaction ends. Raises NotFound."""
    wanted = select(StaffAccount).where(StaffAccount.id == staff_id).with_for_update()
    account = session.scalar(wanted.execution_options(populate_existing=True))
    if account is None:
        raise NotFound
    return account


def refuse_own(actor: Actor, staff_id: UUID) -> None:
    """Raise OwnAccount when somebody would change their own rights."""
    if actor.kind == "staff" and actor.id == str(staff_id):
        raise OwnAccount


def rename_account(session: Session, *, staff_id: UUID, display_name: str, actor: Actor) -> StaffAccount:
    """Raises NotFound."""
    account = lock_account(session, staff_id)
    if account.display_name != display_name:
        account.display_name = display_name
        staff_trail.leave(session, StaffRenamed(str(account.id)), actor=actor)
    return account


def disable_account(
    session: Session, *, staff_id: UUID, reason: str, actor: Actor, now: datetime
) -> StaffAccount:
    """Refuse the account and end its sessions from the next request on. Raises NotFound or OwnAccount."""
    refuse_own(actor, staff_id)
    account = lock_account(session, staff_id)
    if account.disabled_at is None:
        account.disabled_at = now
        staff_trail.leave(session, StaffDisabled(str(account.id)), actor=actor, reason=reason)
    staff_sessions.end_all(session, staff_id=account.id, actor=actor, reason="disabled", now=now)
    return account


def enable_account(session: Session, *, staff_id: UUID, reason: str, actor: Actor) -> StaffAccount:
    """Let a disabled account sign in again, with the roles it still holds. Raises NotFound or OwnAccount."""
    refuse_own(actor, staff_id)
    account = lock_account(session, staff_id)
    if account.disabled_at is not None:
        account.disabled_at = None
        staff_trail.leave(session, StaffEnabled(str(account.id)), actor=actor, reason=reason)
    return account


def reset_second_factor(
    session: Session, *, staff_id: UUID, reason: str, actor: Actor, now: datetime
) -> StaffAccount:
    """Take off a lost second factor; the next sign-in enrols another. Raises NotFound or OwnAccount."""
    refuse_own(actor, staff_id)
    account = lock_account(session, staff_id)
    account.totp_cipher = account.totp_confirmed_at = account.totp_last_step = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == account.id))
    staff_trail.leave(session, TotpReset(str(account.id)), actor=actor, reason=reason)
    staff_sessions.end_all(session, staff_id=account.id, actor=actor, reason="totp_reset", now=now)
    return account
