"""Bodies larger than others: a route that takes a file says how large one may be."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import current_app, request

View = TypeVar("View", bound=Callable[..., Any])

_FORM_BYTES = 100_000  # around the file: boundaries, names, what is said of it


def takes_a_file(most_bytes: int) -> Callable[[View], View]:
    """Let a body be as large as a file may be; every other body stays below the limit of all."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def roomy(*args: Any, **kwargs: Any) -> Any:
            request.max_content_length = most_bytes + _FORM_BYTES
            return view(*args, **kwargs)

        marked: Any = roomy
        marked.most_bytes = most_bytes + _FORM_BYTES
        return cast("View", marked)

    return decorate


def most_bytes_of(endpoint: str | None) -> int:
    """How large a body the route takes, for who reads it before the route does."""
    view = current_app.view_functions.get(endpoint or "")
    return int(getattr(view, "most_bytes", current_app.config["MAX_CONTENT_LENGTH"]))
