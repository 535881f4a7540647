"""What one demonstration site is made of: everything the services will be told about it, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from miniprogram_api.kernel.geo import Crs
from miniprogram_api.sites.models import BookingMode, Level, Lifecycle, Overlay, ReasonCode, SiteType

MARK = "（示例）"

EVERY_DAY = frozenset(range(1, 8))
WORKDAYS = frozenset(range(1, 6))
WEEKEND = frozenset({6, 7})


@dataclass(frozen=True, slots=True)
class Technique:
    """A low-carbon technology and what it does."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Sessions on some weekdays; times are hours of the day, halves as .5."""

    weekdays: frozenset[int]
    opens: float
    closes: float
    slot_minutes: int
    capacity: int
    season: tuple[tuple[int, int], tuple[int, int]] | None = None
    child_capacity: int | None = None
    wheelchair_capacity: int | None = None
    day_capacity: int | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """A closure some days from the day of loading; all day unless it names hours."""

    in_days: int
    days: int
    reason: ReasonCode
    text: str
    opens: float | None = None
    closes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Special:
    """An opening out of turn on the next such weekday, at least two days from the day of loading."""

    weekday: int
    opens: float
    closes: float
    slot_minutes: int
    capacity: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCard:
    """A site. Its place is real Changchun, its name says 示例, and so does the source of every figure.

    `indicators` holds the values of the last three years by kind, the oldest first. `lifecycle` is where the
    project ends up: what is not titled from the start was titled and open before, unless `opened` is False.
    """

    code: str
    title: str
    type: SiteType
    level: Level
    district: str
    lng: float
    lat: float
    address: str
    summary: str
    transport: str
    visitor_notice: str
    facilities: tuple[str, ...]
    accessibility: tuple[str, ...]
    techniques: tuple[Technique, ...]
    indicators: Mapping[str, tuple[str, str, str]]
    hours: tuple[Hours, ...]
    crs: Crs = Crs.WGS84
    closed_weekday: int | None = None
    exceptions: tuple[Shut | Special, ...] = ()
    policy: dict[str, Any] = field(default_factory=lambda: CONTACT)
    booking_mode: BookingMode = BookingMode.SLOTS
    notice: tuple[str, str] | None = None
    pictures: int = 1
    lifecycle: Lifecycle = Lifecycle.TITLED
    education_base: bool = True
    opened: bool = True
    overlay: Overlay = Overlay.OPEN
    overlay_reason: str | None = None
    away: bool = False  # run by the second organisation, out of reach of the gate account

    @property
    def name(self) -> str:
        return f"{self.title}{MARK}"


# Booking policies as what they change of the default.
NOBODY: dict[str, Any] = {}
CONTACT: dict[str, Any] = {"real_name": "contact"}
LEAD: dict[str, Any] = {"real_name": "lead"}
EVERYBODY: dict[str, Any] = {"real_name": "all"}


def museum(capacity: int) -> tuple[Hours, ...]:
    """Every day from nine to four by the hour; `closed_weekday` takes the Mondays out."""
    return (
        Hours(
            weekdays=EVERY_DAY, opens=9, closes=16, slot_minutes=60, capacity=capacity, wheelchair_capacity=4
        ),
    )


def guided(weekdays: frozenset[int], *starts: float, minutes: int, capacity: int) -> tuple[Hours, ...]:
    """Tours at fixed times."""
    return tuple(
        Hours(
            weekdays=weekdays,
            opens=start,
            closes=start + minutes / 60,
            slot_minutes=minutes,
            capacity=capacity,
        )
        for start in starts
    )
