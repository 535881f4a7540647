"""Which passwords staff may choose, by profile: `mlps` follows classified protection, `asvs` OWASP.

The two contradict each other: the first asks for classes of characters and for renewal, the second forbids
both.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType

from miniprogram_api.kernel.errors import FieldError


@dataclass(frozen=True, slots=True)
class PasswordProfile:
    """The numbers of one profile."""

    min_length: int
    min_classes: int
    max_age: timedelta | None
    history: int


PROFILES = MappingProxyType(
    {
        "mlps": PasswordProfile(min_length=12, min_classes=3, max_age=timedelta(days=90), history=5),
        "asvs": PasswordProfile(min_length=15, min_classes=0, max_age=None, history=0),
    }
)

_CONTEXT_WORDS = (
    "changchun",
    "lowcarbon",
    "ditan",
    "shifanqu",
    "shifandian",
    "miniprogram",
    "wechat",
    "weixin",
)
_MIN_CONTEXT = 4
_MIN_DISTINCT = 6
_LEET = str.maketrans("013457@$!", "oleastasi")
_TRIMMED = re.compile(r"^[^a-z]+|[^a-z]+$")
_EDGE = re.compile(r"^[\W\d_]+|[\W\d_]+$", re.ASCII)


def find_faults(
    profile: PasswordProfile, password: str, *, field: str, about: Sequence[str] = ()
) -> list[FieldError]:
    """What is wrong with a new password; `about` are words that belong to its owner, such as the username."""
    plain = unicodedata.normalize("NFKC", password)
    faults = []
    if len(plain) < profile.min_length:
        faults.append(FieldError(field, "staff.password_short", {"least": profile.min_length}))
    if count_classes(plain) < profile.min_classes:
        faults.append(FieldError(field, "staff.password_classes", {"least": profile.min_classes}))
    if _is_guessable(plain):
        faults.append(FieldError(field, "staff.password_guessable"))
    if _names_its_context(plain, about):
        faults.append(FieldError(field, "staff.password_context"))
    return faults


def count_classes(password: str) -> int:
    """How many of lower case, upper case, digits and everything else occur."""
    found = {
        "lower" if char.islower() else "upper" if char.isupper() else "digit" if char.isdigit() else "other"
        for char in password
    }
    return len(found)


def is_expired(profile: PasswordProfile, *, changed_at: datetime, now: datetime) -> bool:
    """Whether the profile wants the password renewed."""
    return profile.max_age is not None and now - changed_at >= profile.max_age


def _is_guessable(password: str) -> bool:
    """A breached password, one with digits and signs hung on, or one drawn out by repetition."""
    if len(set(password)) < _MIN_DISTINCT:
        return True
    folded = password.casefold()
    bare = _EDGE.sub("", folded)
    return not {folded, _unrepeated(folded), bare, _core(folded), _core(bare)}.isdisjoint(_breached())


def _core(folded: str) -> str:
    """The letters within, with the usual substitutions undone: `p@ssw0rd` is `password`."""
    return _unrepeated(_TRIMMED.sub("", folded.translate(_LEET)))


def _unrepeated(text: str) -> str:
    for width in range(1, len(text) // 2 + 1):
        if text == text[:width] * (len(text) // width):
            return text[:width]
    return text


def _names_its_context(password: str, about: Sequence[str]) -> bool:
    folded = password.casefold()
    undone = folded.translate(_LEET)
    words = [word.casefold() for word in (*_CONTEXT_WORDS, *about) if len(word) >= _MIN_CONTEXT]
    return any(word in folded or word in undone for word in words)


@cache
def _breached() -> frozenset[str]:
    lines = Path(__file__).with_name("breached_passwords.txt").read_text(encoding="utf-8").split()
    return frozenset(lines)
