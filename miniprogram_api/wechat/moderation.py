"""Judging a text: cut it into pieces WeChat takes, and let the worst verdict win."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

PIECE_UNITS = 2500
# Longer than any phrase WeChat could hold against a text, so none hides on a cut.
OVERLAP_UNITS = 100

_NORMAL_LABEL = 100


class TextScene(IntEnum):
    """Where the text will be shown, in WeChat's words."""

    PROFILE = 1
    COMMENT = 2
    FORUM = 3
    SOCIAL = 4


class Suggestion(StrEnum):
    PASS = "pass"  # noqa: S105  (a verdict, not a password)
    REVIEW = "review"
    RISKY = "risky"


_SEVERITY = {Suggestion.PASS: 0, Suggestion.REVIEW: 1, Suggestion.RISKY: 2}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a text, and WeChat's labels for what was found in it."""

    suggest: Suggestion
    labels: tuple[int, ...] = ()

    def joined(self, other: "Verdict") -> "Verdict":
        """The worse of both, with the labels of both."""
        worse = max(self, other, key=lambda verdict: _SEVERITY[verdict.suggest])
        return Verdict(worse.suggest, tuple(sorted({*self.labels, *other.labels})))


CLEAN = Verdict(Suggestion.PASS)
RISKY = Verdict(Suggestion.RISKY)


def utf16_units(text: str) -> int:
    """The length of a text as the strictest reading of WeChat's limits counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split_text(text: str) -> list[str]:
    """Overlapping pieces, each within WeChat's limit; one piece for a text that fits."""
    pieces, start = [], 0
    while True:
        end = _reach(text, start, PIECE_UNITS)
        pieces.append(text[start:end])
        if end >= len(text):
            return pieces
        # Surrogate pairs only make the overlap wider than its figure.
        start = end - OVERLAP_UNITS


def _reach(text: str, start: int, units: int) -> int:
    end = min(len(text), start + units)
    while utf16_units(text[start:end]) > units:
        end -= (utf16_units(text[start:end]) - units + 1) // 2
    return end


def read_verdict(body: Mapping[str, Any]) -> Verdict | None:
    """The verdict in an answer, or None when it holds none that can be relied on."""
    result = body.get("result")
    if not isinstance(result, dict) or result.get("suggest") not in tuple(Suggestion):
        return None
    label = _number(result.get("label"))
    labels = (label,) if label is not None and label != _NORMAL_LABEL else ()
    verdict = Verdict(Suggestion(result["suggest"]), labels)
    # A check that did not run has found nothing: that is no clean bill.
    return verdict.joined(Verdict(Suggestion.REVIEW)) if _has_failed_check(body.get("detail")) else verdict


def _has_failed_check(detail: object) -> bool:
    if detail is None:
        return False
    # In XML a list of one is its one entry.
    parts = detail if isinstance(detail, list) else [detail or "nothing to read"]
    return any(not isinstance(part, dict) or part.get("errcode") not in (None, 0, "0") for part in parts)


def _number(value: object) -> int | None:
    """A number, also where it comes as text, as all do in XML."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
