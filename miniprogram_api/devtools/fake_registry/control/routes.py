"""One control call as a table row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from miniprogram_api.devtools.fake_registry.state import State
from miniprogram_api.devtools.inputs import Inputs

Handler = Callable[[State, str, Inputs], dict[str, Any]]


@dataclass(frozen=True)
class Route:
    """Method and path below `/_fake`, what it does, and the fields it reads; None: any object, as `given`.

    The handler is told what stands for the placeholder of the path, "" without one.
    """

    method: str
    path: str
    handler: Handler
    fields: tuple[str, ...] | None = ()

    def describe(self, prefix: str) -> dict[str, Any]:
        """The row as the index shows it."""
        summary = (self.handler.__doc__ or "").strip().partition("\n")[0]
        fields = ["…"] if self.fields is None else list(self.fields)
        return {"call": f"{self.method} {prefix}{self.path}", "fields": fields, "does": summary}
