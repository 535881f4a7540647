"""Dangerous acts in two steps on one address: what was filled in is previewed, then done as it was shown."""

from enum import StrEnum

from flask import request


class Step(StrEnum):
    """Where somebody is; a page that is opened begins with filling in."""

    FILL = "fill"
    PREVIEW = "preview"
    APPLY = "apply"


_NOT_CARRIED = {"csrf_token", "step"}


def step_at() -> Step:
    """The step that was asked for; FILL after a preview goes back to the form with everything in it."""
    asked = request.form.get("step", Step.PREVIEW)
    return Step.FILL if request.method != "POST" or asked not in list(Step) else Step(asked)


def carried() -> list[tuple[str, str]]:
    """What was filled in, for the page of the preview to send again."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in _NOT_CARRIED]
