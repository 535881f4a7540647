"""Planned faults: which call goes wrong next, in which way, how often. The carrying out is in `injection`."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from miniprogram_api.devtools.fake_wechat.wire import Call

ANY_PATH = "*"


class FaultKind(StrEnum):
    """Every way a call can go wrong."""

    ERRCODE = "errcode"
    LATENCY = "latency"
    RESET = "reset"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    HTML = "html"
    BAD_GATEWAY = "bad_gateway"
    STRING_ERRCODE = "string_errcode"
    MISSING_ERRMSG = "missing_errmsg"
    TOKEN_ROTATED = "token_rotated"
    PERMANENT_40001 = "permanent_40001"
    SHORT_EXPIRES_IN = "short_expires_in"


class When(StrEnum):
    """Whether the fault strikes before the call had its effect or after it."""

    BEFORE = "before"
    AFTER = "after"


DEFAULT_WHEN = {FaultKind.TRUNCATED: When.AFTER}
ALIASES: dict[str, tuple[FaultKind, When | None]] = {
    **{kind.value: (kind, None) for kind in FaultKind},
    "latency_before": (FaultKind.LATENCY, When.BEFORE),
    "latency_after": (FaultKind.LATENCY, When.AFTER),
    "timeout": (FaultKind.LATENCY, When.BEFORE),
    "timeout_before": (FaultKind.LATENCY, When.BEFORE),
    "timeout_after": (FaultKind.LATENCY, When.AFTER),
    "reset_before": (FaultKind.RESET, When.BEFORE),
    "reset_after": (FaultKind.RESET, When.AFTER),
    "502": (FaultKind.BAD_GATEWAY, None),
}


def parse_name(text: str) -> tuple[FaultKind, When | None, int | None] | None:
    """Read a fault's name and its variants: `reset_after_effect`, `empty_200`, `errcode:45009`, `45009`.

    Returns kind, when and errcode, or None for a name that means nothing.
    """
    name = text.strip().lower().replace("-", "_") if not text.strip().startswith("-") else text.strip()
    head, _, tail = name.partition(":")
    number = tail if head == "errcode" and tail else name
    if name not in ALIASES and number.removeprefix("-").isdecimal():
        return FaultKind.ERRCODE, None, int(number)
    for suffix in ("_effect", "_200", "_body"):
        name = name.removesuffix(suffix)
    known = ALIASES.get(name)
    return None if known is None else (*known, None)


@dataclass
class Fault:
    """One planned fault; `remaining` None means for ever."""

    path: str
    kind: FaultKind
    when: When
    remaining: int | None = 1
    skip: int = 0
    probability: float = 1.0
    match: dict[str, str] = field(default_factory=dict)
    errcode: int | None = None
    seconds: float = 30.0
    expires_in: int = 60
    hits: int = 0

    def fits(self, call: Call) -> bool:
        """Whether this call is meant: by path, and by every matched field of its query or JSON body."""
        if self.path not in {ANY_PATH, call.path}:
            return False
        if not self.match:
            return True
        values = _visible_fields(call)
        return all(str(values.get(key)) == wanted for key, wanted in self.match.items())

    def describe(self) -> dict[str, Any]:
        """The fault as the control interface shows it."""
        return {
            "path": self.path,
            "fault": self.kind.value,
            "when": self.when.value,
            "remaining": self.remaining,
            "skip": self.skip,
            "probability": self.probability,
            "match": self.match,
            "errcode": self.errcode,
            "seconds": self.seconds,
            "expires_in": self.expires_in,
            "hits": self.hits,
        }


class FaultPlan:
    """The faults still to come; the oldest that fits a call strikes, one fault per call."""

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

    def take(self, call: Call, chance: Callable[[float], bool]) -> Fault | None:
        """The fault that strikes this call, used up by one."""
        for fault in self.planned:
            if not fault.fits(call):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if not chance(fault.probability):
                continue
            fault.hits += 1
            if fault.remaining is not None:
                fault.remaining -= 1
                if fault.remaining == 0:
                    self.planned.remove(fault)
            return fault
        return None


def _visible_fields(call: Call) -> dict[str, Any]:
    try:
        body = json.loads(call.body)
    except (ValueError, RecursionError):
        body = None
    return {**call.query, **(body if isinstance(body, dict) else {})}
