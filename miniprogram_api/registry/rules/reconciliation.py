"""How what we hold of a project stands to what the registry has. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.registry.models.reconciliation import Kind

ALARM_AFTER = timedelta(hours=24)
KEEP_FOR = timedelta(days=3 * 366)
_NIGHT_HOUR = 3
_PROJECT_ID = re.compile(r"[!-~]{1,40}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


# What a fresh record of the project can mend; the others are about ourselves.
REPAIRABLE = frozenset({Kind.BEHIND, Kind.AHEAD, Kind.DIGEST_MISMATCH, Kind.MISSING_HERE, Kind.UNKNOWN_THERE})


@dataclass(frozen=True, slots=True)
class Stand:
    """A version and the digest of its state; `removed` where only the fact is left that there was one."""

    version: int
    digest: str
    removed: bool = False


def read_stand(item: Any) -> tuple[str, Stand] | None:
    """A line of the registry's digest view; None for what cannot be one."""
    if not isinstance(item, Mapping):
        return None
    project_id, version, digest = item.get("project_id"), item.get("version"), item.get("digest")
    if not isinstance(project_id, str) or _PROJECT_ID.fullmatch(project_id) is None:
        return None
    if not isinstance(version, int) or isinstance(version, bool) or not 0 < version < 2**53:
        return None
    if not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        return None
    return project_id, Stand(version, digest)


def compare(held: Stand | None, theirs: Stand | None) -> Kind:
    """The class of one project, known to at least one side."""
    if held is None:
        return Kind.MISSING_HERE
    if theirs is None:
        return Kind.MATCH if held.removed else Kind.UNKNOWN_THERE
    if held.version != theirs.version:
        return Kind.BEHIND if held.version < theirs.version else Kind.AHEAD
    return Kind.MATCH if held.digest == theirs.digest else Kind.DIGEST_MISMATCH


def night_of(now: datetime) -> date | None:
    """The business day whose nightly comparison is due, None before three in the morning."""
    local = now.astimezone(BEIJING)
    return local.date() if local.hour >= _NIGHT_HOUR else None
