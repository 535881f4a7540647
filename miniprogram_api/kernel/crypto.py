"""Secrets at rest and signed tickets: the one home of ciphers, so that key handling is read in one place.

One 32-byte secret per key id feeds HKDF once per purpose (field encryption, ticket signatures), so a key
leaked in one place opens nothing in another. The first key is active; the others only read what they wrote,
until rotation is done. Blind indexes have a secret of their own that does not rotate: changing it means to
recompute every index column.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

_VERSION = "v1"
_SECRET_BYTES = 32
_NONCE_BYTES = 12  # 96 random bits, the size GCM is specified for
_TAG_BYTES = 16
_LOCK_BYTES = _TAG_BYTES + _SECRET_BYTES
_LOCK = b"miniprogram_api/v1/lock"
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class DecryptionFailed(Exception):
    """The text was not written by one of our keys for this context."""


class UnknownKey(DecryptionFailed):
    """The key id is not in the ring."""


class KeyRing:
    """Every key this installation knows, derived once per purpose."""

    def __init__(self, *, keys: Sequence[tuple[str, bytes]], index_key: bytes) -> None:
        _check_secrets(keys, index_key)
        self.active = keys[0][0]
        self.fields = {kid: AESGCM(_derive(secret, "field")) for kid, secret in keys}
        self.tickets = {
            kid: Ed25519PrivateKey.from_private_bytes(_derive(secret, "ticket")) for kid, secret in keys
        }
        self.cookies = [_derive(secret, "cookie").hex() for _, secret in keys]
        self._index_key = index_key
        self._index_keys: dict[str, bytes] = {}

    def index_key(self, purpose: str) -> bytes:
        # Purposes are constants of the code, so this stays small.
        if purpose not in self._index_keys:
            self._index_keys[purpose] = _derive(self._index_key, f"index/{purpose}")
        return self._index_keys[purpose]


def _check_secrets(keys: Sequence[tuple[str, bytes]], index_key: bytes) -> None:
    if not keys:
        raise ValueError("the key ring needs at least one key")
    if any(_KID.fullmatch(kid) is None for kid, _ in keys):
        raise ValueError("a key id is 1 to 32 letters, digits, hyphens or underscores")
    if len({kid for kid, _ in keys}) < len(keys):
        raise ValueError("each key id occurs once in the ring")
    secrets = [secret for _, secret in keys] + [index_key]
    if any(len(secret) != _SECRET_BYTES for secret in secrets):
        raise ValueError(f"every key has {_SECRET_BYTES} bytes")
    if len(set(secrets)) < len(secrets):
        raise ValueError("no two keys are the same")


def _derive(secret: bytes, purpose: str) -> bytes:
    info = f"miniprogram_api/{_VERSION}/{purpose}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=_SECRET_BYTES, salt=None, info=info).derive(secret)


class _Installed:
    ring: KeyRing | None = None


def configure(*, keys: Sequence[tuple[str, bytes]], index_key: bytes) -> None:
    """Install the key ring, active key first. Raises ValueError for short, repeated or misnamed keys."""
    _Installed.ring = KeyRing(keys=keys, index_key=index_key)


def _ring() -> KeyRing:
    if _Installed.ring is None:
        raise RuntimeError("crypto.configure() has not been called")
    return _Installed.ring


def encrypt(plain: str, *, context: str) -> str:
    """Encrypt a field; it can be read again only with the same context ("table.column:row-id")."""
    ring = _ring()
    head = f"{_VERSION}.{ring.active}"
    nonce = os.urandom(_NONCE_BYTES)
    sealed = ring.fields[ring.active].encrypt(nonce, plain.encode(), _bound(head, context))
    return f"{head}.{_to_base64(nonce + sealed)}"


def decrypt(cipher: str, *, context: str) -> str:
    """Read a field. Raises DecryptionFailed for another context, a changed text or an unknown key."""
    head, body = _split(cipher)
    key = _ring().fields.get(head.removeprefix(f"{_VERSION}."))
    if key is None:
        raise UnknownKey(head)
    try:
        sealed = _from_base64(body)
        return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(head, context)).decode()
    except (binascii.Error, ValueError, InvalidTag) as error:
        raise DecryptionFailed("cannot be read in this context") from error


def needs_rotation(cipher: str) -> bool:
    """Whether a field should be encrypted again because its key is no longer the active one."""
    head, _ = _split(cipher)
    return head != f"{_VERSION}.{_ring().active}"


def _split(cipher: str) -> tuple[str, str]:
    head, dot, body = cipher.rpartition(".")
    if not dot or not head.startswith(f"{_VERSION}."):
        raise DecryptionFailed("not a ciphertext of ours")
    return head, body


def _bound(head: str, context: str) -> bytes:
    return f"{head}|{context}".encode()


def blind_index(value: str, *, purpose: str) -> bytes:
    """A keyed fingerprint of a normalised value, to look an encrypted field up by; one key per purpose."""
    return hmac.new(_ring().index_key(purpose), value.encode(), hashlib.sha256).digest()


def cookie_secrets() -> list[str]:
    """What signs a browser's cookies: the active key's secret first, then those that are still read."""
    return list(_ring().cookies)


def signing_key(kid: str | None = None) -> tuple[str, Ed25519PrivateKey]:
    """The ticket key of a key id, or the active one. Raises UnknownKey."""
    ring = _ring()
    wanted = ring.active if kid is None else kid
    if wanted not in ring.tickets:
        raise UnknownKey(wanted)
    return wanted, ring.tickets[wanted]


def verify_keys() -> dict[str, bytes]:
    """The public half of every ticket key, 32 raw bytes each: whoever has them can check, and not sign."""
    return {kid: key.public_key().public_bytes_raw() for kid, key in _ring().tickets.items()}


def verify_key(kid: str) -> Ed25519PublicKey:
    """What a gate needs to check tickets offline. Raises UnknownKey."""
    _, key = signing_key(kid)
    return key.public_key()


def sign(message: bytes) -> tuple[str, bytes]:
    """Sign with the active ticket key: its id and the 64-byte Ed25519 signature."""
    kid, key = signing_key()
    return kid, key.sign(message)


def is_signed(message: bytes, *, kid: str, signature: bytes) -> bool:
    """Whether one of our ticket keys signed exactly this message."""
    try:
        verify_key(kid).verify(signature, message)
    except (UnknownKey, InvalidSignature):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Lock:
    """What a code that somebody shows gives: where its record lies, and the key that opens it."""

    tag: bytes
    key: bytes

    def seal(self, plain: bytes) -> bytes:
        """AES-256-GCM: a random nonce of 12 bytes, and the sealed record."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, plain, None)


def lock_of(secret: str, *, salt: bytes) -> Lock:
    """The lock of a code with more than 128 bits of its own, such as a signed one: HKDF-SHA-256."""
    return _lock(HKDF(algorithm=hashes.SHA256(), length=_LOCK_BYTES, salt=salt, info=_LOCK).derive, secret)


def slow_lock_of(secret: str, *, salt: bytes, rounds: int) -> Lock:
    """The lock of a code short enough to be guessed, made slow to guess: PBKDF2-HMAC-SHA-256."""
    return _lock(PBKDF2HMAC(hashes.SHA256(), _LOCK_BYTES, salt, rounds).derive, secret)


def _lock(derive: Callable[[bytes], bytes], secret: str) -> Lock:
    raw = derive(secret.encode())
    return Lock(raw[:_TAG_BYTES], raw[_TAG_BYTES:])


def _to_base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _from_base64(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)


_STARS = "****"
_PHONE_DIGITS = 11
_NAME_STARS = 3


def mask_phone(phone: str) -> str:
    """138****8000; a number too short to hide its middle shows two digits at most."""
    if len(phone) >= _PHONE_DIGITS:
        return phone[:3] + _STARS + phone[-4:]
    return _STARS + phone[-2:] if len(phone) > len(_STARS) else "*" * len(phone)


def mask_name(name: str) -> str:
    """张**: the first character and a star for each that follows, three at most; a single one is hidden."""
    bare = name.strip()
    if len(bare) <= 1:
        return "*" * len(bare)
    return bare[0] + "*" * min(len(bare) - 1, _NAME_STARS)


def mask_id_number(number: str) -> str:
    """2****************X: birthday and the last four, which a gate may ask for, stay hidden."""
    if len(number) <= len(_STARS):
        return "*" * len(number)
    return number[0] + "*" * (len(number) - 2) + number[-1]
