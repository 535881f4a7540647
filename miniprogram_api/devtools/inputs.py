"""Reading what a control call brings: every mistake becomes a 422 naming the field and what fits."""

import json
import math
from collections.abc import Iterable
from typing import Any, Self

MAX_TEXT = 2000
INVALID = 422


class ControlError(Exception):
    """A control call that cannot be carried out; nothing was changed."""

    def __init__(self, status: int, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field


def invalid(field: str, message: str) -> ControlError:
    """422 about one field."""
    return ControlError(INVALID, f"{field}: {message}", field=field)


class Inputs:
    """The fields of one control call, read by type; each reader raises ControlError 422."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    @classmethod
    def parse(cls, raw: bytes, allowed: Iterable[str]) -> Self:
        """Read a JSON object (an empty body is `{}`) and refuse fields nobody would look at."""
        if not raw.strip():
            return cls({})
        try:
            values = json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise ControlError(INVALID, "the body is not valid JSON") from error
        if not isinstance(values, dict):
            raise ControlError(INVALID, "the body must be a JSON object")
        known = sorted(allowed)
        for name in values:
            if name not in known:
                raise invalid(name, f"unknown field; known are {', '.join(known) or 'none'}")
        return cls(values)

    def has(self, name: str) -> bool:
        """Whether the field was given and is not null."""
        return self._values.get(name) is not None

    def given(self, name: str) -> bool:
        """Whether the field was given at all, null included."""
        return name in self._values

    def raw(self, name: str) -> Any:
        """The JSON value as it came."""
        return self._values.get(name)

    def text(self, name: str, *, max_length: int = MAX_TEXT) -> str:
        """A required, non-blank string without control characters."""
        value = self._values.get(name)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise invalid(name, "must be a non-empty string of printable characters")
        if len(value) > max_length:
            raise invalid(name, f"must have at most {max_length} characters")
        return value

    def choice(self, name: str, allowed: Iterable[str]) -> str:
        """A required string out of a closed set."""
        known = sorted(allowed)
        value = self._values.get(name)
        if not isinstance(value, str) or value not in known:
            raise invalid(name, f"must be one of {', '.join(known)}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """true or false."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            raise invalid(name, "must be true or false")
        return value

    def integer(self, name: str, *, low: int, high: int, default: int | None = None) -> int:
        """A whole number within bounds; required unless there is a default."""
        value = self._values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise invalid(name, f"must be a whole number from {low} to {high}")
        return value

    def number(self, name: str, *, low: float, high: float, default: float | None = None) -> float:
        """A finite number within bounds; required unless there is a default."""
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise invalid(name, f"must be a number from {low:g} to {high:g}")
        if not math.isfinite(value):
            raise invalid(name, "must be a finite number")
        return float(value)

    def texts(self, name: str) -> list[str]:
        """A required list of non-blank strings."""
        value = self._values.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise invalid(name, "must be a list of non-empty strings")
        return value
