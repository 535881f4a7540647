"""Changing a staff password: by its owner under the profile's rules, or by a reset to a one-time password."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from miniprogram_api.identity import password_rules, passwords
from miniprogram_api.identity.models import PasswordHistory, StaffAccount
from miniprogram_api.identity.password_rules import PasswordProfile
from miniprogram_api.identity.service import lockouts, sign_in, staff, staff_sessions, staff_trail
from miniprogram_api.identity.service.sign_in import Claim, Proof
from miniprogram_api.identity.service.staff_sessions import Origin
from miniprogram_api.identity.staff_errors import PasswordRefused, WrongPassword
from miniprogram_api.identity.staff_events import PasswordChanged, PasswordReset
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import AppError, FieldError
from miniprogram_api.kernel.ids import new_id, short_code


@dataclass(frozen=True, slots=True)
class Owner:
    """Who changes their password: what proves them, and what the new one is compared with."""

    claim: Claim
    about: tuple[str, ...]
    former: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """A change made ready outside any transaction; no new hash when the present password was wrong."""

    proof: Proof
    new_hash: str = field(repr=False)


def one_time_password() -> str:
    """A password of 80 random bits to hand over, which its receiver has to change."""
    code = short_code(16)
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def find_owner(session: Session, staff_id: UUID, *, history: int) -> Owner:
    """The account's names and its last passwords, the present one among them."""
    account = session.get_one(StaffAccount, staff_id)
    older = select(PasswordHistory.password_hash).where(PasswordHistory.staff_id == staff_id)
    newest = session.scalars(older.order_by(PasswordHistory.id.desc()).limit(history))
    former = (account.password_hash, *newest)[:history]
    return Owner(sign_in.claim_of(account), (account.username, account.display_name), former)


def prepare(owner: Owner, *, current: str, new: str, profile: PasswordProfile, field: str) -> Change:
    """Check both passwords and hash the new one; slow, so call it outside any transaction.

    Raises PasswordRefused, naming the field; only to who knows the present password.
    """
    proof = sign_in.prove(owner.claim, current)
    if not proof.matched:
        return Change(proof, "")
    faults = password_rules.find_faults(profile, new, field=field, about=owner.about)
    if not faults:
        faults = find_reuse(new, owner.former, profile=profile, field=field)
    if faults:
        raise PasswordRefused(faults)
    return Change(proof, passwords.hash_password(new))


def change_password(
    session: Session, *, change: Change, session_id: UUID, origin: Origin, actor: Actor, now: datetime
) -> AppError | None:
    """Set the new password and end the account's other sessions; or return the refusal, counted."""
    wrong = WrongPassword(field="current_password")
    account = sign_in.admit(session, proof=change.proof, origin=origin, now=now, refusal=wrong)
    if isinstance(account, AppError):
        return account
    replace(session, account, change.new_hash, now=now)
    account.must_change_password = False
    lockouts.forgive(session, change.proof.claim.username_index)
    staff_trail.leave(session, PasswordChanged(str(account.id)), actor=actor)
    staff_sessions.end_others(
        session, staff_id=account.id, session_id=session_id, actor=actor, reason="password_changed", now=now
    )
    return None


def reset_password(
    session: Session, *, staff_id: UUID, password_hash: str, actor: Actor, now: datetime
) -> StaffAccount:
    """Replace a lost password by a one-time one that must be changed, and end every session.

    Raises NotFound or OwnAccount.
    """
    staff.refuse_own(actor, staff_id)
    account = staff.lock_account(session, staff_id)
    replace(session, account, password_hash, now=now)
    account.must_change_password = True
    lockouts.forgive(session, lockouts.index_of(account.username))
    staff_trail.leave(session, PasswordReset(str(account.id)), actor=actor)
    staff_sessions.end_all(session, staff_id=account.id, actor=actor, reason="password_reset", now=now)
    return account


def replace(session: Session, account: StaffAccount, new_hash: str, *, now: datetime) -> None:
    """Set a locked account's password and remember the former one."""
    former = PasswordHistory(
        id=new_id(), staff_id=account.id, password_hash=account.password_hash, replaced_at=now
    )
    session.add(former)
    session.flush()
    kept = max(profile.history for profile in password_rules.PROFILES.values())
    older = select(PasswordHistory.id).where(PasswordHistory.staff_id == account.id)
    overdue = session.scalars(older.order_by(PasswordHistory.id.desc()).offset(kept)).all()
    session.execute(delete(PasswordHistory).where(PasswordHistory.id.in_(overdue)))
    account.password_hash, account.password_changed_at = new_hash, now


def find_reuse(
    password: str, former: Sequence[str], *, profile: PasswordProfile, field: str
) -> list[FieldError]:
    """What is wrong with a password that was one of the former ones; slow."""
    if any(passwords.is_password(password, password_hash) for password_hash in former):
        return [FieldError(field, "staff.password_reused", {"last": profile.history})]
    return []
