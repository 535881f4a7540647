"""The second factor: time-based codes, each good once, and recovery codes for a lost phone."""

import hmac
import unicodedata
from datetime import datetime
from uuid import UUID

import pyotp

from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.ids import normalise_short_code, short_code

ISSUER = "长春低碳示范区"
_STEP_S = 30
_DIGITS = 6
_DRIFT_STEPS = 1  # a phone's clock may be half a minute off

RECOVERY_CODES = 10
_RECOVERY_CHARS = 12
_GROUP = 4


def new_secret() -> str:
    """160 random bits in base32."""
    return pyotp.random_base32(32)


def otpauth_uri(secret: str, *, username: str) -> str:
    """What an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def seal_secret(secret: str, *, staff_id: UUID) -> str:
    """The secret as the account's row holds it."""
    return crypto.encrypt(secret, context=_context(staff_id))


def open_secret(cipher: str, *, staff_id: UUID) -> str:
    """The secret of an account's row."""
    return crypto.decrypt(cipher, context=_context(staff_id))


def _context(staff_id: UUID) -> str:
    return f"identity_staff.totp:{staff_id}"


def matching_step(secret: str, typed: str, *, now: datetime, after_step: int | None) -> int | None:
    """The time step whose code this is, later than the last one used; None when there is none.

    Storing the step, not the code, makes a code good once however it is typed the second time.
    """
    code = "".join(unicodedata.normalize("NFKC", typed).split()).replace("-", "")
    current = int(now.timestamp()) // _STEP_S
    for step in range(current - _DRIFT_STEPS, current + _DRIFT_STEPS + 1):
        expected = pyotp.TOTP(secret, digits=_DIGITS, interval=_STEP_S).generate_otp(step)
        if hmac.compare_digest(expected.encode(), code.encode()) and (
            after_step is None or step > after_step
        ):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Ten codes as a person keeps them on paper: three groups of four, 60 random bits."""
    return [_grouped(short_code(_RECOVERY_CHARS)) for _ in range(RECOVERY_CODES)]


def recovery_index(typed: str) -> bytes:
    """What is stored of a recovery code, and looked up when one is typed."""
    return crypto.blind_index(normalise_short_code(typed), purpose="identity.recovery_code")


def _grouped(code: str) -> str:
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))
