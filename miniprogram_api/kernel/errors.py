"""What can go wrong, as kinds; features derive errors that carry a code and plain values, never text.

AppError
├── BadRequest       the request cannot be read
├── Invalid          it can be read and is wrong; may name fields
├── Unauthenticated  nobody is signed in
├── Forbidden        somebody is, and may not
├── NotFound         no such object, or none that the caller may know of
├── Gone             there was one, and it is publicly known to have ended
├── Conflict         the state of things forbids it
├── TooMany          too often; says when to come back
└── Unavailable      something we need is busy or away; says when to come back
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar


@dataclasses.dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: its dotted path, a stable code, and the values its text speaks of."""

    field: str
    code: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


class AppError(Exception):
    """A failure that a caller can be told about; `params` are plain JSON values."""

    code: ClassVar[str] = "app.error"

    def __init__(self, **params: Any) -> None:
        super().__init__(self.code)
        self.params = params


class BadRequest(AppError):
    code = "request.malformed"


class Invalid(AppError):
    code = "request.invalid"

    def __init__(self, *, fields: Sequence[FieldError] = (), **params: Any) -> None:
        super().__init__(**params)
        self.fields = tuple(fields)


class Unauthenticated(AppError):
    code = "auth.unauthenticated"


class Forbidden(AppError):
    code = "auth.forbidden"


class NotFound(AppError):
    code = "request.not_found"


class Gone(AppError):
    code = "request.gone"


class Conflict(AppError):
    code = "request.conflict"


class TooMany(AppError):
    code = "request.too_many"

    def __init__(self, *, retry_after_s: int = 60, **params: Any) -> None:
        super().__init__(retry_after_s=retry_after_s, **params)
        self.retry_after_s = retry_after_s


class Unavailable(AppError):
    code = "request.unavailable"

    def __init__(self, *, retry_after_s: int = 5, **params: Any) -> None:
        super().__init__(retry_after_s=retry_after_s, **params)
        self.retry_after_s = retry_after_s
