"""Reading a record of the registry, and what becomes of it beside what we hold. Pure.

Nothing a record holds is believed before its size, its shape and its digest are right; whatever is wrong with
it is an answer, never an exception.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import rfc8785

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.registry.rules.shapes import CHANGE, PROJECT, first_fault

MOST_CHARS = 262_144
_MOST_NODES = 20_000
_DEEPEST = 24
# No database column takes a NUL, and half a surrogate pair is no character.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_UNFIT = re.compile(r"[\s\x00-\x1f\x7f<>\"'`\\]")
_PROJECT_ID = re.compile(r"[!-~]{1,40}")
_LARGEST_VERSION = 2**53 - 1
_DAYS = {
    "notice": ("from", "until"),
    "title": ("date", "valid_until"),
    "education_base": ("since", "until"),
}


class Op(StrEnum):
    """What a record does."""

    UPSERT = "upsert"
    TOMBSTONE = "tombstone"
    RECALL = "recall"


class Fault(StrEnum):
    """What is wrong with a record."""

    SCHEMA_INVALID = "schema_invalid"
    DIGEST_MISMATCH = "digest_mismatch"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """From when, why and by which document a project is withdrawn."""

    effective_at: datetime
    reason_code: str | None
    doc_no: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRecord:
    """A record that reads well. `data` is the full state as it came; None only where there need be none."""

    op: Op
    project_id: str
    version: int
    digest: str
    occurred_at: datetime
    reason_code: str | None
    doc_no: str | None
    data: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that is not taken over; `detail` says where and which rule, never a value."""

    fault: Fault
    detail: str
    project_id: str | None
    version: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A record as it was read; `text` is its JSON, None where it is too large to keep."""

    sha256: str
    size: int
    text: str | None = field(repr=False)
    record: ChangeRecord | Unreadable


class Verdict(StrEnum):
    """What becomes of a record that reads well."""

    APPLY = "apply"
    DUPLICATE = "duplicate"
    STALE = "stale"
    CONFLICT = "conflict"
    FROZEN = "frozen"


def read_record(raw: Any) -> Reading:
    """Read one record, whatever it is."""
    text = _as_text(raw)
    encoded = text.encode()
    kept = text if len(text) <= MOST_CHARS else None
    return Reading(
        hashlib.sha256(encoded).hexdigest(), len(encoded), kept, _read(raw, whole=kept is not None)
    )


def digest_of(data: Any) -> str:
    """The digest of a full state. Raises rfc8785.CanonicalizationError for what has no canonical form."""
    return hashlib.sha256(rfc8785.dumps(data)).hexdigest()


def decide(
    record: ChangeRecord, *, version: int | None, digest: str | None, barrier: int | None = None
) -> Verdict:
    """What becomes of a record, by the version and digest we hold (None: nothing).

    `barrier` is the highest version that stands unsettled as a dead letter: only that one or a later one
    can take its place.
    """
    if version is not None and record.version < version:
        return Verdict.STALE
    if version is not None and record.version == version:
        return Verdict.DUPLICATE if record.digest == digest else Verdict.CONFLICT
    if barrier is not None and record.version < barrier:
        return Verdict.FROZEN
    return Verdict.APPLY


def withdrawal_of(record: ChangeRecord, *, received_at: datetime) -> Withdrawal:
    """When a withdrawal takes effect: as the record says, else when it happened, as a removal does.

    What we hear of has happened: a registry whose clock runs ahead keeps no visit alive by that.
    """
    given = (record.data or {}).get("withdrawal") or {}
    removed = record.op is Op.TOMBSTONE
    at = None if removed else parse_instant(given.get("effective_at"))
    return Withdrawal(
        at or min(record.occurred_at, received_at),
        given.get("reason_code") or record.reason_code,
        given.get("doc_no") or record.doc_no,
    )


def web_address(text: str | None) -> str | None:
    """An address that may be given on as a link; None for any other scheme, and for what is no address."""
    try:
        parts = urlsplit(text or "")
    except ValueError:
        return None
    fit = parts.scheme in {"http", "https"} and parts.hostname and text and not _UNFIT.search(text)
    return text if fit else None


def storable(text: str) -> str:
    """The text with a mark in place of what no database takes."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def parse_day(text: str | None) -> date | None:
    """A day of the calendar. Raises ValueError."""
    return None if text is None else date.fromisoformat(text)


def parse_instant(text: str | None) -> datetime | None:
    """An instant with its zone. Raises ValueError."""
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    at.astimezone(BEIJING)  # the first and last days of the calendar have no other zone
    if not 1990 <= at.year <= 2200:
        raise ValueError("no year of ours")
    return at


def _read(raw: Any, *, whole: bool) -> ChangeRecord | Unreadable:
    claimed_id, claimed_version = _claims(raw)

    def unreadable(fault: Fault, detail: str) -> Unreadable:
        return Unreadable(fault=fault, detail=detail[:200], project_id=claimed_id, version=claimed_version)

    bound = "size" if not whole else _out_of_bounds(raw)
    if bound is not None:
        return unreadable(Fault.SCHEMA_INVALID, bound)
    wrong = _shape_fault(raw)
    if wrong is not None:
        return unreadable(Fault.SCHEMA_INVALID, wrong)
    data = raw.get("data")
    if data is not None and digest_of(data) != raw["digest"]:
        return unreadable(Fault.DIGEST_MISMATCH, "digest")
    return ChangeRecord(
        op=Op(raw["op"]),
        project_id=raw["project_id"],
        version=int(raw["version"]),
        digest=raw["digest"],
        occurred_at=datetime.fromisoformat(raw["occurred_at"]),
        reason_code=raw.get("reason_code"),
        doc_no=raw.get("doc_no"),
        data=data,
    )


def _shape_fault(raw: Any) -> str | None:
    """Where a record of bounded size is not of its schema, and by which rule."""
    wrong = first_fault(CHANGE, raw)
    if wrong is not None:
        return wrong
    data = raw.get("data")
    if data is not None:
        wrong = first_fault(PROJECT, data)
        if wrong is not None:
            return f"data.{wrong}"
        if data["project_id"] != raw["project_id"]:
            return "data.project_id: other"
        if raw.get("lifecycle") not in {None, data["lifecycle"]}:
            return "data.lifecycle: other"
    return _impossible_time(raw, data or {})


def _impossible_time(raw: Mapping[str, Any], data: Mapping[str, Any]) -> str | None:
    days = [(name, data.get(name)) for name in ("lifecycle_since", "re_review_due")]
    for part, names in _DAYS.items():
        days += [(f"{part}.{name}", (data.get(part) or {}).get(name)) for name in names]
    instants = (
        ("occurred_at", raw.get("occurred_at")),
        ("withdrawal.effective_at", (data.get("withdrawal") or {}).get("effective_at")),
    )
    for name, value in days:
        if not _parses(parse_day, value):
            return f"data.{name}: date"
    return next((f"{name}: instant" for name, value in instants if not _parses(parse_instant, value)), None)


def _parses(parse: Any, value: str | None) -> bool:
    try:
        parse(value)
    except (ValueError, OverflowError):
        return False
    return True


def _out_of_bounds(raw: Any) -> str | None:
    """Which bound a value breaks; walked without recursion, so that no depth is too deep."""
    nodes, waiting = 0, [(raw, 1)]
    while waiting:
        value, depth = waiting.pop()
        nodes += 1
        if depth > _DEEPEST:
            return "depth"
        if nodes > _MOST_NODES:
            return "size"
        if isinstance(value, Mapping):
            waiting.extend((part, depth + 1) for pair in value.items() for part in pair)
        elif isinstance(value, list):
            waiting.extend((part, depth + 1) for part in value)
        elif isinstance(value, str) and _UNSTORABLE.search(value):
            return "characters"
        elif _is_odd_number(value):
            return "numbers"
    return None


def _is_odd_number(value: Any) -> bool:
    """Numbers that JSON of RFC 8785 does not have."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return abs(value) > _LARGEST_VERSION
    return isinstance(value, float) and not (float("-inf") < value < float("inf"))


def _claims(raw: Any) -> tuple[str | None, int | None]:
    """The project and version that a record says it is of, as far as they can be."""
    if not isinstance(raw, Mapping):
        return None, None
    project_id, version = raw.get("project_id"), raw.get("version")
    named = isinstance(project_id, str) and _PROJECT_ID.fullmatch(project_id)
    counted = isinstance(version, int) and not isinstance(version, bool) and 0 < version <= _LARGEST_VERSION
    return project_id if named else None, version if counted else None


def _as_text(raw: Any) -> str:
    """The record's JSON in one spelling; something of its own for what has none."""
    try:
        return json.dumps(raw, sort_keys=True, separators=(",", ":"))
    except (RecursionError, ValueError, TypeError):
        project_id, version = _claims(raw)
        return f'"unreadable {type(raw).__name__} {project_id} {version}"'
