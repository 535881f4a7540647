"""Identifiers: time-ordered ids for rows, short codes for people, opaque tokens for machines."""

import hashlib
import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

# Crockford base32: no I, L, O, U, so a code survives being read aloud or copied from paper.
SHORT_CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CONFUSABLE = str.maketrans("ILO", "110")


def new_id() -> UUID:
    """A UUIDv7: ordered by time, good as a primary key, never a capability."""
    return uuid7()


def short_code(length: int = 8) -> str:
    """A random code of Crockford base32 characters, 5 bits each."""
    return "".join([SHORT_CODE_ALPHABET[byte % 32] for byte in secrets.token_bytes(length)])


def normalise_short_code(typed: str) -> str:
    """What a person typed, as the code would be stored: upper case, no separators, I L O read as 1 1 0."""
    return "".join(typed.split()).replace("-", "").upper().translate(_CONFUSABLE)


def opaque_token() -> str:
    """256 random bits, safe in a header."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored of a token; a token has enough entropy to need no salt."""
    return hashlib.sha256(token.encode()).digest()
