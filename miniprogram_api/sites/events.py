"""Facts about sites that other features may act on; ids and plain values only."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ProjectApplied(Event):
    """A newer version of the registry's record was taken over; `lifecycle_before` is None for a new site."""

    name: ClassVar[str] = "sites.project_applied"

    site_id: str
    version: int
    lifecycle_before: str | None
    lifecycle_after: str
    operator_changed: bool


@dataclass(frozen=True, slots=True)
class RecordTakenBack(Event):
    """The registry recalled or removed its record of a project; with `ended` it gave a valid one again."""

    name: ClassVar[str] = "sites.record_taken_back"

    site_id: str
    project_id: str
    ended: bool


@dataclass(frozen=True, slots=True)
class DesignationEnded(Event):
    """The last day of a site's designation as an education base is over."""

    name: ClassVar[str] = "sites.designation_ended"

    site_id: str


@dataclass(frozen=True, slots=True)
class SiteChanged(Event):
    """What the site itself says of itself was edited; `part` is the profile or one of its lists."""

    name: ClassVar[str] = "sites.site_changed"

    site_id: str
    part: str


@dataclass(frozen=True, slots=True)
class OverlayChanged(Event):
    """The site's own opening state moved on."""

    name: ClassVar[str] = "sites.overlay_changed"

    site_id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ClosureAdded(Event):
    """A site closes on some days, or (special_opening) opens on them; no minutes mean whole days."""

    name: ClassVar[str] = "sites.closure_added"

    site_id: str
    closure_id: str
    kind: str
    first_on: str
    last_on: str
    from_minute: int | None
    to_minute: int | None
