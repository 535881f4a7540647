"""Answers of the registry as the values of the port; what does not read makes the registry unavailable."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from miniprogram_api.kernel.outbound import Reply
from miniprogram_api.registry.rules.records import parse_instant, storable
from miniprogram_api.registry.rules.sendings import retry_after_s
from miniprogram_api.registry.sources.port import Dictionary, Filed, SourceUnavailable

_DEEPEST = 64
_LONGEST_WAIT_S = 3600.0
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def parse_json(content: bytes) -> Any:
    """JSON of any depth: what is nested too deeply to be meant is read as null, and the rest is kept.

    Raises SourceUnavailable for what is no JSON.
    """
    try:
        try:
            return json.loads(content)
        except RecursionError:
            return json.loads(_shallow(content))
    except (ValueError, RecursionError):
        raise SourceUnavailable("malformed") from None


def asked_wait(reply: Reply, now: datetime) -> float | None:
    """For how many seconds the registry asks to be left alone, an hour at most; None when it does not."""
    asked = retry_after_s(reply.headers.get("Retry-After"), now=now)
    return None if asked is None else min(asked, _LONGEST_WAIT_S)


def _shallow(content: bytes) -> bytes:
    """The text with every value below the greatest depth in place of which null stands."""
    kept: list[bytes] = []
    depth, start = 0, 0
    for token in _TOKEN.finditer(content):
        mark = token.group()[:1]
        if mark in b"[{":
            depth += 1
            if depth == _DEEPEST:
                kept.append(content[start : token.start()] + b"null")
        elif mark in b"]}":
            if depth == _DEEPEST:
                start = token.end()
            depth -= 1
    return b"".join(kept) + content[start:]


def mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object. Raises SourceUnavailable."""
    if not isinstance(value, dict):
        raise SourceUnavailable("malformed")
    return value


def text(value: Any, *, longest: int = 500) -> str:
    """A string that we can keep. Raises SourceUnavailable."""
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise SourceUnavailable("malformed")
    return value


def optional_text(value: Any, *, longest: int = 500) -> str | None:
    """The same, or nothing."""
    return None if value is None else text(value, longest=longest)


def items(value: Any, *, most: int = 1000) -> list[Any]:
    """A list of what may be records. Raises SourceUnavailable."""
    if not isinstance(value, list) or len(value) > most:
        raise SourceUnavailable("malformed")
    return value


def instant(value: Any) -> datetime:
    """An instant with its zone. Raises SourceUnavailable."""
    try:
        at = parse_instant(value)
    except (ValueError, TypeError, OverflowError):
        at = None
    if at is None:
        raise SourceUnavailable("malformed")
    return at


def dictionary(name: str, value: Any) -> Dictionary:
    """A dictionary of codes. Raises SourceUnavailable."""
    answer = mapping(value)
    entries = [item for item in items(answer.get("items"), most=5000) if isinstance(item, dict)]
    return Dictionary(name, text(str(answer.get("dictionary_version") or ""), longest=80), entries)


def filed(value: Any, *, id_name: str) -> Filed:
    """What became of a correction or an objection. Raises SourceUnavailable."""
    answer = mapping(value)
    decided = answer.get("decided_at")
    said = answer.get("answer")
    return Filed(
        id=text(answer.get(id_name), longest=80),
        state=text(answer.get("state"), longest=32),
        answer=storable(said)[:2000] if isinstance(said, str) else None,
        decided_at=None if decided is None else instant(decided),
    )
