"""Pure decisions around members: how long tokens live, and what a mainland mobile number is."""

import re
import unicodedata
from datetime import timedelta

ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=30)

MAINLAND = "86"
_SEPARATORS = re.compile(r"[\s\-]")
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")


def mainland_mobile(typed: str) -> str | None:
    """The eleven digits of a mainland mobile number, however it was typed; None for anything else."""
    bare = _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed))
    matched = _MOBILE.fullmatch(bare)
    return matched[1] if matched else None
