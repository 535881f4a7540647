"""Planned faults: which call goes wrong next, in which way, how often. The carrying out is in `injection`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ANY_PATH = "*"
DOORBELL = "doorbell"


class FaultKind(StrEnum):
    """Every way a call, a page or a ring of the doorbell can go wrong."""

    # Any call.
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    RATE_LIMITED = "429"
    AUTH_INVALID = "401"
    HTML = "html"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    RESET = "reset"
    SLOW = "slow"
    # The feed and the snapshots; on one project where `project_id` says so.
    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    STALE = "stale"
    CONFLICT = "conflict"
    SCHEMA_INVALID = "schema_invalid"
    BAD_DIGEST = "bad_digest"
    CURSOR_EXPIRED = "cursor_expired"
    EPOCH_RESET = "epoch_reset"
    CLOCK_SKEW = "clock_skew"
    # One project, and the dictionaries.
    LYING_ETAG = "lying_etag"
    # The doorbell, which also drops, duplicates, reorders and has a skewed clock.
    BAD_SIGNATURE = "bad_signature"


OF_RECORDS = frozenset(
    {
        FaultKind.DROP,
        FaultKind.DUPLICATE,
        FaultKind.REORDER,
        FaultKind.STALE,
        FaultKind.CONFLICT,
        FaultKind.SCHEMA_INVALID,
        FaultKind.BAD_DIGEST,
    }
)
OF_THE_DOORBELL = frozenset(
    {
        FaultKind.DROP,
        FaultKind.DUPLICATE,
        FaultKind.REORDER,
        FaultKind.CLOCK_SKEW,
        FaultKind.BAD_SIGNATURE,
    }
)
ALIASES = {
    **{kind.value: kind for kind in FaultKind},
    "drops": FaultKind.DROP,
    "duplicates": FaultKind.DUPLICATE,
    "410": FaultKind.CURSOR_EXPIRED,
    "502": FaultKind.HTML,
    "html_body": FaultKind.HTML,
    "error": FaultKind.SERVER_ERROR,
    "server_error": FaultKind.SERVER_ERROR,
    "upstream_unavailable": FaultKind.UNAVAILABLE,
    "rate_limited": FaultKind.RATE_LIMITED,
    "auth_invalid": FaultKind.AUTH_INVALID,
    "connection_reset": FaultKind.RESET,
    "latency": FaultKind.SLOW,
    "slow_page": FaultKind.SLOW,
    "timeout": FaultKind.SLOW,
    "schema": FaultKind.SCHEMA_INVALID,
    "epoch": FaultKind.EPOCH_RESET,
    "skew": FaultKind.CLOCK_SKEW,
}
# The reply is spoilt after the call had its effect, unless the plan says otherwise.
AFTER_EFFECT = frozenset({FaultKind.TRUNCATED, FaultKind.HTML, FaultKind.EMPTY})


@dataclass
class Fault:
    """One planned fault; `remaining` None means for ever. `field` and `value` are what a bad record holds."""

    path: str
    kind: FaultKind
    remaining: int | None = 1
    skip: int = 0
    after: bool = False
    seconds: float = 0
    project_id: str | None = None
    field: str = "lifecycle"
    value: Any = None
    hits: int = 0

    def fits(self, path: str) -> bool:
        """Whether calls of this path are meant; `/projects/{id}` stands for every project."""
        if self.path == path or (self.path == ANY_PATH and path != DOORBELL):
            return True
        prefix, placeholder, _ = self.path.partition("{")
        rest = path.removeprefix(prefix)
        return bool(placeholder and rest and rest != path and "/" not in rest)

    def describe(self) -> dict[str, Any]:
        """The fault as the control interface shows it."""
        return {
            "path": self.path,
            "fault": self.kind.value,
            "remaining": self.remaining,
            "skip": self.skip,
            "after": self.after,
            "seconds": self.seconds,
            "project_id": self.project_id,
            "hits": self.hits,
        }


class FaultPlan:
    """The faults still to come; the oldest that fits strikes, one fault at a time."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Plan one more."""
        self.planned.append(fault)

    def clear(self) -> int:
        """Drop everything planned; answers how many there were."""
        dropped = len(self.planned)
        self.planned.clear()
        return dropped

    def take(self, path: str, among: frozenset[FaultKind]) -> Fault | None:
        """The fault of one of these kinds that strikes a call of this path, used up by one."""
        for fault in self.planned:
            if fault.kind in among and fault.fits(path) and self._is_due(fault):
                return fault
        return None

    def take_for_records(self, path: str, project_ids: set[str]) -> Fault | None:
        """The fault that strikes a page with records of these projects, used up by one."""
        for fault in self.planned:
            meant = project_ids if fault.project_id is None else project_ids & {fault.project_id}
            if fault.kind in OF_RECORDS and meant and fault.fits(path) and self._is_due(fault):
                return fault
        return None

    def _is_due(self, fault: Fault) -> bool:
        """Whether it strikes now and not a later call; if so it is used up by one."""
        if fault.skip:
            fault.skip -= 1
            return False
        fault.hits += 1
        if fault.remaining is not None:
            fault.remaining -= 1
            if fault.remaining == 0:
                self.planned.remove(fault)
        return True
