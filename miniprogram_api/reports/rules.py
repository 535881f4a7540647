"""The figures of visits: what is counted, how shares are made of sums, and the sentences about them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date

from miniprogram_api.reports.errors import PeriodTooLong

MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def period_of(first: date, last: date) -> Period:
    """A period that figures are made for. Raises PeriodTooLong."""
    period = Period(first, last)
    if not 1 <= period.days <= MOST_DAYS:
        raise PeriodTooLong(most=MOST_DAYS)
    return period


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Sums over slots and the bookings for them. Heads are counted, not bookings, unless it says so.

    A booking that was cancelled counts in `bookings` and `cancelled` and nowhere else. `settled` are the
    heads of bookings made beforehand whose visit is over: what the share of no-shows is of.
    """

    slots: int = 0
    capacity: int = 0
    bookings: int = 0
    cancelled: int = 0
    seats: int = 0
    arrived: int = 0
    walk_ins: int = 0
    settled: int = 0
    no_shows: int = 0

    @property
    def fill(self) -> float | None:
        """The share of the places offered that were booked; None where none were."""
        return self.seats / self.capacity if self.capacity else None

    @property
    def no_show_rate(self) -> float | None:
        """The share of heads that were expected and did not come; None while none are settled."""
        return self.no_shows / self.settled if self.settled else None


def total_of(rows: Iterable[Figures]) -> Figures:
    """The sum of figures, one by one."""
    kept = list(rows)
    return Figures(**{name: sum(getattr(row, name) for row in kept) for name in NAMES})


NAMES = tuple(field.name for field in fields(Figures))
OF_BOOKINGS = tuple(name for name in NAMES if name not in {"slots", "capacity"})


def percent(share: float | None) -> str:
    """A share as people read it; a dash where there is none."""
    return "—" if share is None else f"{share * 100:.1f}%"


def in_words(period: Period, total: Figures) -> list[str]:
    """The most important figures of a period as sentences."""
    if not total.bookings:
        return [f"这 {period.days} 天没有预约。" if total.slots else f"这 {period.days} 天没有开放的场次。"]
    sentences = [
        f"这 {period.days} 天共有 {total.bookings} 个预约，其中 {total.cancelled} 个已取消；"
        f"未取消的预约合计 {total.seats} 人。",
        f"实际到场 {total.arrived} 人"
        + (f"，其中现场登记 {total.walk_ins} 人。" if total.walk_ins else "。"),
    ]
    if total.fill is not None:
        sentences.append(
            f"开放的 {total.slots} 个场次共 {total.capacity} 个名额，约满率 {percent(total.fill)}。"
        )
    if total.no_show_rate is not None:
        sentences.append(
            f"已结束的预约应到 {total.settled} 人，爽约 {total.no_shows} 人，"
            f"爽约率 {percent(total.no_show_rate)}。"
        )
    return sentences


_CELLS: dict[str, Callable[[Figures], str | int]] = {
    "场次数": lambda figures: figures.slots,
    "名额": lambda figures: figures.capacity,
    "预约数": lambda figures: figures.bookings,
    "其中取消": lambda figures: figures.cancelled,
    "预约人数": lambda figures: figures.seats,
    "到场人数": lambda figures: figures.arrived,
    "其中现场登记": lambda figures: figures.walk_ins,
    "约满率": lambda figures: percent(figures.fill),
    "应到人数": lambda figures: figures.settled,
    "爽约人数": lambda figures: figures.no_shows,
    "爽约率": lambda figures: percent(figures.no_show_rate),
}
HEADER = tuple(_CELLS)
# For groups that have no places of their own.
HEADER_OF_BOOKINGS = ("预约数", "其中取消", "预约人数", "到场人数", "应到人数", "爽约人数", "爽约率")


def cells_of(figures: Figures, header: Iterable[str] = HEADER) -> list[str | int]:
    """The figures as the cells under a header."""
    return [_CELLS[name](figures) for name in header]
