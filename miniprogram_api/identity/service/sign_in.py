"""Signing staff in: password outside any transaction, then lockout, second factor and session inside one.

A refusal is returned, not raised, because the failure it counts has to be committed; the edge raises it then.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, true, update
from sqlalchemy.orm import Session

from miniprogram_api.identity import lockout, passwords, totp
from miniprogram_api.identity.models import RecoveryCode, StaffAccount
from miniprogram_api.identity.password_rules import PasswordProfile, is_expired
from miniprogram_api.identity.service import lockouts, staff, staff_profiles, staff_sessions, staff_trail
from miniprogram_api.identity.service.staff_profiles import StaffProfile
from miniprogram_api.identity.service.staff_sessions import Origin
from miniprogram_api.identity.staff_errors import (
    BadCredentials,
    LockedOut,
    TotpAlreadyEnrolled,
    TotpEnrolmentNotBegun,
    TotpEnrolmentRequired,
    TotpRejected,
    TotpRequired,
    WrongCode,
)
from miniprogram_api.identity.staff_events import StaffLockedOut, TotpBegun, TotpEnrolled
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import AppError, NotFound, TooMany
from miniprogram_api.kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class Claim:
    """Whom somebody says they are, and what would prove it; nothing would for who may not sign in at all."""

    username_index: bytes
    staff_id: UUID | None
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the password fits the claim, and its hash at today's cost when the stored one has another."""

    claim: Claim
    matched: bool
    rehashed: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session's token, known in plain text this once, and whose it is."""

    access_token: str = field(repr=False)
    expires_at: datetime
    staff: StaffProfile
    recovery_codes_left: int


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret for an authenticator app, to be confirmed by a code of it."""

    secret: str = field(repr=False)
    otpauth_uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The first session with a second factor, and the recovery codes, shown this once."""

    signed_in: SignedIn
    recovery_codes: list[str] = field(repr=False)


def find_claim(session: Session, *, username: str, demo_allowed: bool) -> Claim:
    """What an account of this name would have to prove."""
    stored = staff.normal_username(username)
    allowed = true() if demo_allowed else StaffAccount.demo.is_(False)
    found = session.execute(
        select(StaffAccount.id, StaffAccount.password_hash).where(
            StaffAccount.username == stored, StaffAccount.disabled_at.is_(None), allowed
        )
    ).one_or_none()
    staff_id, password_hash = (None, None) if found is None else found
    return Claim(lockouts.index_of(stored), staff_id, password_hash)


def get_claim(session: Session, staff_id: UUID) -> Claim:
    """`claim_of` an account that is signed in. Raises NotFound."""
    account = session.get(StaffAccount, staff_id)
    if account is None:
        raise NotFound
    return claim_of(account)


def claim_of(account: StaffAccount) -> Claim:
    """What who is signed in has to prove again before a sensitive change."""
    return Claim(lockouts.index_of(account.username), account.id, account.password_hash)


def prove(claim: Claim, password: str) -> Proof:
    """Compare the password; slow on purpose, and as slow when there is nobody to compare it with.

    Call it outside any transaction. Raises Unavailable when too many others wait.
    """
    matched = passwords.is_password(password, claim.password_hash)
    outdated = matched and claim.password_hash is not None and passwords.needs_rehash(claim.password_hash)
    return Proof(claim, matched, passwords.hash_password(password) if outdated else None)


def sign_in(
    session: Session,
    *,
    proof: Proof,
    code: str | None,
    profile: PasswordProfile,
    origin: Origin,
    now: datetime,
) -> SignedIn | AppError:
    """Open a session for a proven account, or say what is missing; an old password must then be changed."""
    account = admit(session, proof=proof, origin=origin, now=now)
    if isinstance(account, AppError):
        return account
    refusal = _second_factor(session, account, proof=proof, code=code, origin=origin, now=now)
    if refusal is not None:
        return refusal
    if not account.demo and is_expired(profile, changed_at=account.password_changed_at, now=now):
        account.must_change_password = True
    return _open(session, account, proof=proof, origin=origin, now=now)


def begin_enrolment(session: Session, *, proof: Proof, origin: Origin, now: datetime) -> Enrolment | AppError:
    """Issue a secret to a proven account without a second factor; one not confirmed yet is replaced."""
    account = admit(session, proof=proof, origin=origin, now=now)
    if isinstance(account, AppError):
        return account
    if account.totp_confirmed_at is not None:
        return TotpAlreadyEnrolled()
    secret = totp.new_secret()
    account.totp_cipher = totp.seal_secret(secret, staff_id=account.id)
    account.totp_last_step = None
    staff_trail.leave(session, TotpBegun(str(account.id)), actor=_as_staff(account.id, origin))
    return Enrolment(secret, totp.otpauth_uri(secret, username=account.username))


def finish_enrolment(
    session: Session, *, proof: Proof, code: str, origin: Origin, now: datetime
) -> Enrolled | AppError:
    """Confirm the secret by a code of it, and open the first session."""
    account = admit(session, proof=proof, origin=origin, now=now)
    if isinstance(account, AppError):
        return account
    if account.totp_confirmed_at is not None:
        return TotpAlreadyEnrolled()
    if account.totp_cipher is None:
        return TotpEnrolmentNotBegun()
    if not _use_totp(account, code, now=now):
        return _failed(session, proof, TotpRejected(), origin=origin, now=now)
    codes = confirm_second_factor(session, account, actor=_as_staff(account.id, origin), now=now)
    return Enrolled(_open(session, account, proof=proof, origin=origin, now=now), codes)


def confirm_second_factor(
    session: Session, account: StaffAccount, *, actor: Actor, now: datetime
) -> list[str]:
    """Have the account's secret count from now on; returns its recovery codes, of which hashes are kept."""
    account.totp_confirmed_at = now
    codes = totp.new_recovery_codes()
    session.add_all(
        RecoveryCode(id=new_id(), staff_id=account.id, code_hash=totp.recovery_index(code), used_at=None)
        for code in codes
    )
    staff_trail.leave(session, TotpEnrolled(str(account.id)), actor=actor)
    return codes


def show_second_factor(
    session: Session,
    *,
    claim: Claim,
    session_id: UUID,
    code: str,
    origin: Origin,
    actor: Actor,
    now: datetime,
) -> datetime | AppError:
    """Take a fresh code of who is signed in; returns until when sensitive acts need no other."""
    proof = Proof(claim, matched=True)
    account = admit(session, proof=proof, origin=origin, now=now)
    if isinstance(account, AppError):
        return account
    if not _is_second_factor(session, account, code, now=now):
        return _failed(session, proof, WrongCode(field="totp"), origin=origin, now=now)
    lockouts.forgive(session, claim.username_index)
    return staff_sessions.mark_proven(
        session, staff_id=account.id, session_id=session_id, actor=actor, now=now
    )


def admit(
    session: Session, *, proof: Proof, origin: Origin, now: datetime, refusal: AppError | None = None
) -> StaffAccount | AppError:
    """The proven account, its row locked; or the refusal, counted.

    A locked username is refused anyway, and so is a network that has to wait.
    """
    locked_s = lockouts.seconds_locked(session, proof.claim.username_index, now)
    if locked_s:
        return LockedOut(retry_after_s=locked_s)
    if origin.network is not None:
        wait_s = lockouts.seconds_locked(session, lockouts.network_index(origin.network), now)
        if wait_s:
            return TooMany(retry_after_s=wait_s)
    if proof.matched and proof.claim.staff_id is not None:
        account = staff.lock_account(session, proof.claim.staff_id)
        # Between the look-up and now the account may have been disabled or its password replaced.
        if account.disabled_at is None and account.password_hash == proof.claim.password_hash:
            return account
    return _failed(session, proof, refusal or BadCredentials(), origin=origin, now=now)


def _second_factor(
    session: Session, account: StaffAccount, *, proof: Proof, code: str | None, origin: Origin, now: datetime
) -> AppError | None:
    if account.totp_confirmed_at is None:
        return None if account.demo else TotpEnrolmentRequired()
    if not code:
        return TotpRequired()
    if _is_second_factor(session, account, code, now=now):
        return None
    return _failed(session, proof, TotpRejected(), origin=origin, now=now)


def _is_second_factor(session: Session, account: StaffAccount, code: str, *, now: datetime) -> bool:
    return _use_totp(account, code, now=now) or _use_recovery_code(session, account, code, now=now)


def _use_totp(account: StaffAccount, code: str, *, now: datetime) -> bool:
    if account.totp_cipher is None:
        return False
    secret = totp.open_secret(account.totp_cipher, staff_id=account.id)
    step = totp.matching_step(secret, code, now=now, after_step=account.totp_last_step)
    if step is None:
        return False
    account.totp_last_step = step
    return True


def _use_recovery_code(session: Session, account: StaffAccount, code: str, *, now: datetime) -> bool:
    unused = update(RecoveryCode).where(
        RecoveryCode.staff_id == account.id,
        RecoveryCode.code_hash == totp.recovery_index(code),
        RecoveryCode.used_at.is_(None),
    )
    return session.scalar(unused.values(used_at=now).returning(RecoveryCode.id)) is not None


def _open(
    session: Session, account: StaffAccount, *, proof: Proof, origin: Origin, now: datetime
) -> SignedIn:
    lockouts.forgive(session, proof.claim.username_index)
    if proof.rehashed is not None:
        account.password_hash = proof.rehashed
    opened, token = staff_sessions.open_session(session, staff_id=account.id, origin=origin, now=now)
    left = select(func.count()).where(RecoveryCode.staff_id == account.id, RecoveryCode.used_at.is_(None))
    return SignedIn(
        access_token=token,
        expires_at=opened.expires_at,
        staff=staff_profiles.profile_of(session, account),
        recovery_codes_left=session.scalar(left) or 0,
    )


def _failed(session: Session, proof: Proof, refusal: AppError, *, origin: Origin, now: datetime) -> AppError:
    tally = lockouts.count_failure(session, proof.claim.username_index, now)
    if origin.network is not None:
        lockouts.count_network_failure(session, origin.network, now)
    if tally.locked_until is not None and proof.claim.staff_id is not None:
        event = StaffLockedOut(str(proof.claim.staff_id))
        actor = Actor(kind="system", id="sign_in", ip=origin.ip, request_id=origin.request_id)
        after = {"locked_until": tally.locked_until.isoformat(), "failures": lockout.FAILURES}
        staff_trail.leave(session, event, actor=actor, after=after)
    return refusal


def _as_staff(staff_id: UUID, origin: Origin) -> Actor:
    return Actor(kind="staff", id=str(staff_id), ip=origin.ip, request_id=origin.request_id)
