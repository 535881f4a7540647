"""The one clock: edges ask it, rules and services are told; development and tests can move it."""

import threading
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")


class Shift:
    """How far the clock is from real time; development keeps it where other processes read it too."""

    def __init__(self) -> None:
        self._by = timedelta(0)

    def read(self) -> timedelta:
        return self._by

    def write(self, by: timedelta) -> None:
        self._by = by


class _Clock:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.shift = Shift()
        self.frozen: datetime | None = None

    def read(self) -> datetime:
        with self._lock:
            return self.frozen or real_now() + self.shift.read()

    def move(self, *, by: timedelta, frozen: datetime | None) -> None:
        with self._lock:
            self.shift.write(by)
            self.frozen = frozen

    def keep_shift_in(self, shift: Shift) -> None:
        with self._lock:
            self.shift = shift


_clock = _Clock()


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return _clock.read()


def real_now() -> datetime:
    """The real instant, wherever development has moved the clock: what strangers' servers stamp is of it."""
    return datetime.fromtimestamp(time.time(), UTC)


def today() -> date:
    """The business day: the date in Beijing."""
    return beijing_date(now())


def beijing_date(at: datetime) -> date:
    """The date an instant falls on in Beijing."""
    return at.astimezone(BEIJING).date()


def beijing_time(on: date, minutes: int) -> datetime:
    """The instant so many minutes after Beijing's midnight of a day, in UTC; 1440 is the next midnight."""
    midnight = datetime(on.year, on.month, on.day, tzinfo=BEIJING)
    return (midnight + timedelta(minutes=minutes)).astimezone(UTC)


def set_now(at: datetime) -> None:
    """Shift the clock to an instant, from which it runs on. For development and tests."""
    _clock.move(by=_aware(at) - real_now(), frozen=None)


def freeze(at: datetime) -> None:
    """Stop the clock at an instant. For tests."""
    _clock.move(by=timedelta(0), frozen=_aware(at))


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC)


def keep_shift_in(shift: Shift) -> None:
    """Read and write the clock's shift there from now on. For development."""
    _clock.keep_shift_in(shift)


def reset() -> None:
    """Show real time again, and keep what follows in this process."""
    _clock.keep_shift_in(Shift())
    _clock.move(by=timedelta(0), frozen=None)
