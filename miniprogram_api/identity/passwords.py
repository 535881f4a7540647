"""Password hashes: argon2id, two at a time so that a flood of sign-ins cannot take the memory."""

import threading
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from miniprogram_api.kernel.errors import Unavailable
from miniprogram_api.kernel.ids import opaque_token

MAX_LENGTH = 128
_AT_A_TIME = 2
_WAIT_S = 5.0

# The least that ASVS 5.0 accepts for argon2id; about 80 ms on the machines we run on.
TIME_COST = 1
MEMORY_KIB = 47_104


class _Hashing:
    def __init__(self, *, time_cost: int, memory_kib: int) -> None:
        self.hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        # What nobody's password matches, to take as long for an unknown user as for a known one.
        self.dummy = self.hasher.hash(opaque_token())


_turns = threading.BoundedSemaphore(_AT_A_TIME)
_lock = threading.Lock()
_current: dict[str, _Hashing] = {}


def use_cost(*, time_cost: int = TIME_COST, memory_kib: int = MEMORY_KIB) -> None:
    """Hash at this cost from now on; tests use the least that argon2 takes."""
    with _lock:
        _current["hashing"] = _Hashing(time_cost=time_cost, memory_kib=memory_kib)


def hash_password(password: str) -> str:
    """An argon2id hash. Raises Unavailable when too many others wait."""
    hashing = _hashing()
    with _turn():
        return hashing.hasher.hash(_normal(password))


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether the password has this hash; without a hash it takes as long to say no.

    Raises Unavailable when too many others wait.
    """
    hashing = _hashing()
    with _turn():
        try:
            matched = hashing.hasher.verify(password_hash or hashing.dummy, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
    return matched and password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made at another cost than today's."""
    return _hashing().hasher.check_needs_rehash(password_hash)


def _hashing() -> _Hashing:
    if "hashing" not in _current:
        use_cost()
    return _current["hashing"]


def _normal(password: str) -> str:
    # The same password typed on another keyboard may arrive as other code points.
    return unicodedata.normalize("NFKC", password)


@contextmanager
def _turn() -> Generator[None]:
    if not _turns.acquire(timeout=_WAIT_S):
        raise Unavailable(retry_after_s=2)
    try:
        yield
    finally:
        _turns.release()
