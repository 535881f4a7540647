"""Facts about figures."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class DayChanged(Event):
    """What is given away of a project's day has another revision; `on` is the Beijing day as YYYY-MM-DD."""

    name: ClassVar[str] = "engagement.day_changed"

    project_id: str
    on: str
    revision: int
