"""Whether questions can be kept; `rules.quiz` says how they are.

Those of a draft may be unfinished, but what is no quiz at all would break whoever reads it later.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from content.rendering.schema import UNUSABLE
from miniprogram_api.kernel.errors import FieldError

MOST_QUESTIONS, MOST_OPTIONS = 10, 6
MOST_QUESTION, MOST_OPTION, MOST_EXPLANATION = 200, 100, 500

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_QUESTION: Final = frozenset({"id", "text", "options", "right", "explanation"})
_OPTION: Final = frozenset({"id", "text"})


def malformed(quiz: object, field: str = "quiz") -> list[FieldError]:
    """What makes it no quiz: another shape, too much of something, ids that are not there or twice."""
    if not isinstance(quiz, list | tuple):
        return [FieldError(field, "content.quiz_shape")]
    if len(quiz) > MOST_QUESTIONS:
        return [FieldError(field, "content.quiz_questions", {"most": MOST_QUESTIONS})]
    faults = [
        fault for at, question in enumerate(quiz) for fault in _question(question, f"{field}[{at}]", at + 1)
    ]
    return faults or _twice([question["id"] for question in quiz], field)


def _question(question: object, field: str, number: int) -> list[FieldError]:
    if not isinstance(question, dict) or not question.keys() <= _QUESTION or not _has_id(question):
        return [FieldError(field, "content.quiz_shape")]
    told = {"text": MOST_QUESTION, "explanation": MOST_EXPLANATION}
    faults = [fault for name, most in told.items() for fault in _text(question, name, most, field)]
    options, right = question.get("options", []), question.get("right", [])
    if not isinstance(options, list | tuple) or not isinstance(right, list | tuple):
        return [*faults, FieldError(field, "content.quiz_shape")]
    if len(options) > MOST_OPTIONS:
        params = {"number": number, "most": MOST_OPTIONS}
        return [*faults, FieldError(f"{field}.options", "content.quiz_many_options", params)]
    for at, option in enumerate(options):
        place = f"{field}.options[{at}]"
        if not isinstance(option, dict) or not option.keys() <= _OPTION or not _has_id(option):
            return [*faults, FieldError(place, "content.quiz_shape")]
        faults += _text(option, "text", MOST_OPTION, place)
    ids = [option["id"] for option in options]
    if any(not isinstance(one, str) or one not in ids for one in right):
        faults.append(FieldError(f"{field}.right", "content.quiz_right_unknown", {"number": number}))
    else:
        faults += _twice(right, f"{field}.right")
    return faults + _twice(ids, f"{field}.options")


def _has_id(part: Mapping[str, Any]) -> bool:
    return isinstance(part.get("id"), str) and bool(_ID.fullmatch(part["id"]))


def _text(part: Mapping[str, Any], name: str, most: int, field: str) -> Iterator[FieldError]:
    text = part.get(name, "")
    if not isinstance(text, str) or UNUSABLE.search(text):
        yield FieldError(f"{field}.{name}", "content.quiz_shape")
    elif len(text) > most:
        yield FieldError(f"{field}.{name}", "content.too_long", {"most": most})


def _twice(ids: Sequence[str], field: str) -> list[FieldError]:
    return [] if len(set(ids)) == len(ids) else [FieldError(field, "content.quiz_twice")]
