"""Dangerous acts in two steps on one address: what was filled in is previewed, then done as it was shown."""

from enum import StrEnum
from uuid import UUID

from flask import request

from miniprogram_api.kernel.ids import new_id


class Step(StrEnum):
    """Where somebody is; a page that is opened begins with filling in."""

    FILL = "fill"
    PREVIEW = "preview"
    APPLY = "apply"


# Said anew by each preview.
_NOT_CARRIED = {"csrf_token", "step"}


def step_at() -> Step:
    """The step that was asked for; FILL after a preview goes back to the form with everything in it."""
    asked = request.form.get("step", Step.PREVIEW)
    return Step.FILL if request.method != "POST" or asked not in list(Step) else Step(asked)


def key_of(text: str | None) -> UUID:
    """The key by which a command that is sent twice happens once; a new one where the form brought none."""
    try:
        return UUID(text or "")
    except ValueError:
        return new_id()


def carried(**more: object) -> list[tuple[str, str]]:
    """What was filled in, and what the preview says anew, for its page to send again."""
    added = [(name, str(value)) for name, value in more.items()]
    anew = _NOT_CARRIED | more.keys()
    return added + [(name, value) for name, value in request.form.items(multi=True) if name not in anew]
