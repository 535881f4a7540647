"""Links by which people choose the password of their account themselves, each good once and for some hours.

An administrator makes the link and hands it over; a new one replaces the old. Only its hash is kept, and
whoever has it can do one thing: choose the password. The second factor is enrolled as they go on.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from miniprogram_api.identity import password_rules, passwords
from miniprogram_api.identity.models import InvitationPurpose as InvitationPurpose
from miniprogram_api.identity.models import StaffAccount, StaffInvitation
from miniprogram_api.identity.password_rules import PasswordProfile
from miniprogram_api.identity.service import (
    lockouts,
    sign_in,
    staff,
    staff_passwords,
    staff_sessions,
    staff_trail,
)
from miniprogram_api.identity.service.sign_in import Claim
from miniprogram_api.identity.service.staff_sessions import Origin
from miniprogram_api.identity.staff_errors import AccountDisabled, InvitationOver, PasswordRefused
from miniprogram_api.identity.staff_events import InvitationUsed, InvitationWithdrawn, StaffInvited
from miniprogram_api.kernel import runtime_settings
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.ids import new_id, opaque_token, token_hash

TOKEN_PREFIX = "iv_"  # noqa: S105  says what it opens
LIFE_HOURS = runtime_settings.declare("identity.invitation_hours", default=72, least=1, most=336)


@dataclass(frozen=True, slots=True)
class Issued:
    """A link's token, known in plain text this once."""

    invitation: StaffInvitation
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """Whose password a link lets choose, until when, and what the password is compared with."""

    id: UUID
    staff_id: UUID
    username: str
    display_name: str
    purpose: InvitationPurpose
    expires_at: datetime
    former: tuple[str, ...] = field(repr=False)


def unusable_password_hash() -> str:
    """What an account has before its owner chooses a password: the hash of what nobody knows. Slow."""
    return passwords.hash_password(opaque_token())


def issue(
    session: Session, *, staff_id: UUID, purpose: InvitationPurpose, actor: Actor, now: datetime
) -> Issued:
    """Make a link in place of any other of the account. Raises NotFound, OwnAccount, AccountDisabled.

    A reset ends the account's sessions at once: whoever asked for it may not be the only one signed in.
    """
    staff.refuse_own(actor, staff_id)
    account = staff.lock_account(session, staff_id)
    if account.disabled_at is not None:
        raise AccountDisabled
    _replace_living(session, account.id, now)
    token = TOKEN_PREFIX + opaque_token()
    invitation = StaffInvitation(
        id=new_id(),
        staff_id=account.id,
        purpose=purpose,
        token_hash=token_hash(token),
        created_at=now,
        created_by=UUID(actor.id) if actor.kind == "staff" else None,
        expires_at=now + timedelta(hours=LIFE_HOURS.value(session, now)),
        used_at=None,
        withdrawn_at=None,
    )
    session.add(invitation)
    session.flush()
    event = StaffInvited(str(account.id), invitation_id=str(invitation.id), purpose=purpose.value)
    after = {"purpose": purpose.value, "expires_at": invitation.expires_at.isoformat()}
    staff_trail.leave(session, event, actor=actor, after=after)
    if purpose is InvitationPurpose.PASSWORD_RESET:
        staff_sessions.end_all(session, staff_id=account.id, actor=actor, reason="password_reset", now=now)
    return Issued(invitation, token)


def withdraw(session: Session, *, staff_id: UUID, actor: Actor, now: datetime) -> None:
    """Make the account's link good for nothing; having none is no failure. Raises NotFound, OwnAccount."""
    staff.refuse_own(actor, staff_id)
    staff.lock_account(session, staff_id)
    for invitation_id in _replace_living(session, staff_id, now):
        told = InvitationWithdrawn(str(staff_id), invitation_id=str(invitation_id))
        staff_trail.leave(session, told, actor=actor)


def find_living(session: Session, staff_id: UUID, *, now: datetime) -> StaffInvitation | None:
    """The account's link that still opens."""
    return session.scalar(select(StaffInvitation).where(StaffInvitation.staff_id == staff_id, *_living(now)))


def open_invitation(session: Session, token: str, *, history: int, now: datetime) -> OpenInvitation:
    """What the link is for. Raises InvitationOver, for one that never was too."""
    found = session.execute(
        select(StaffInvitation, StaffAccount)
        .join(StaffAccount, StaffAccount.id == StaffInvitation.staff_id)
        .where(
            StaffInvitation.token_hash == token_hash(token),
            StaffAccount.disabled_at.is_(None),
            *_living(now),
        )
    ).one_or_none()
    if found is None:
        raise InvitationOver
    invitation, account = found
    owner = staff_passwords.find_owner(session, account.id, history=history)
    return OpenInvitation(
        id=invitation.id,
        staff_id=account.id,
        username=account.username,
        display_name=account.display_name,
        purpose=invitation.purpose,
        expires_at=invitation.expires_at,
        former=owner.former,
    )


def prepare_password(opened: OpenInvitation, password: str, *, profile: PasswordProfile, field: str) -> str:
    """Check the password that was chosen and hash it; slow, so call it outside any transaction.

    Raises PasswordRefused, naming the field.
    """
    about = (opened.username, opened.display_name)
    faults = password_rules.find_faults(profile, password, field=field, about=about)
    if not faults:
        faults = staff_passwords.find_reuse(password, opened.former, profile=profile, field=field)
    if faults:
        raise PasswordRefused(faults)
    return passwords.hash_password(password)


def accept(session: Session, *, token: str, password_hash: str, origin: Origin, now: datetime) -> Claim:
    """Set the password and use the link up; every session of the account ends. Raises InvitationOver."""
    wanted = select(StaffInvitation.staff_id).where(StaffInvitation.token_hash == token_hash(token))
    staff_id = session.scalar(wanted)
    if staff_id is None:
        raise InvitationOver
    account = staff.lock_account(session, staff_id)
    used = (
        update(StaffInvitation)
        .where(StaffInvitation.token_hash == token_hash(token), *_living(now))
        .values(used_at=now)
        .returning(StaffInvitation.id, StaffInvitation.purpose)
        .execution_options(synchronize_session=False)
    )
    found = session.execute(used).one_or_none()
    if found is None or account.disabled_at is not None:
        raise InvitationOver
    owner = Actor(kind="staff", id=str(account.id), ip=origin.ip, request_id=origin.request_id)
    staff_passwords.replace(session, account, password_hash, now=now)
    account.must_change_password = False
    lockouts.forgive(session, lockouts.index_of(account.username))
    told = InvitationUsed(str(account.id), invitation_id=str(found.id), purpose=found.purpose.value)
    staff_trail.leave(session, told, actor=owner, after={"purpose": found.purpose.value})
    staff_sessions.end_all(session, staff_id=account.id, actor=owner, reason="password_changed", now=now)
    return sign_in.claim_of(account)


def _living(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        StaffInvitation.used_at.is_(None),
        StaffInvitation.withdrawn_at.is_(None),
        StaffInvitation.expires_at > now,
    )


def _replace_living(session: Session, staff_id: UUID, now: datetime) -> list[UUID]:
    """Withdraw what was not used, expired or not: the index allows one such link."""
    unused = (
        update(StaffInvitation)
        .where(
            StaffInvitation.staff_id == staff_id,
            StaffInvitation.used_at.is_(None),
            StaffInvitation.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
        .returning(StaffInvitation.id)
        .execution_options(synchronize_session=False)
    )
    return list(session.scalars(unused))
