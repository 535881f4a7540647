"""The clock: one instant for all, movable in tests, and Beijing's days wherever the server is (T11)."""

import os
import time
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import time_machine

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import BEIJING


@pytest.fixture(params=["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"])
def server_zone(request: pytest.FixtureRequest) -> Generator[str]:
    """A server that lives elsewhere, in a zone with and without daylight saving."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("server_zone")
def test_now_is_an_aware_instant_in_utc_wherever_the_server_is() -> None:
    with time_machine.travel(datetime(2026, 3, 8, 7, 30, tzinfo=UTC), tick=False):
        assert clock.now() == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
        assert clock.now().tzinfo is UTC


@pytest.mark.usefixtures("server_zone")
@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2028, 2, 28, 16, 0, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2028, 2, 29, 16, 0, tzinfo=UTC), date(2028, 3, 1)),
    ],
)
def test_the_business_day_turns_at_beijing_s_midnight(at: datetime, day: date) -> None:
    assert clock.beijing_date(at) == day
    with time_machine.travel(at, tick=False):
        assert clock.today() == day


@pytest.mark.usefixtures("server_zone")
@pytest.mark.parametrize(
    ("minutes", "at"),
    [
        (0, datetime(2026, 11, 22, 16, 0, tzinfo=UTC)),
        (9 * 60 + 30, datetime(2026, 11, 23, 1, 30, tzinfo=UTC)),
        (24 * 60, datetime(2026, 11, 23, 16, 0, tzinfo=UTC)),
    ],
)
def test_minutes_after_midnight_are_beijing_s(minutes: int, at: datetime) -> None:
    assert clock.beijing_time(date(2026, 11, 23), minutes) == at


def test_a_frozen_clock_stands() -> None:
    at = datetime(2026, 11, 23, 10, 0, tzinfo=BEIJING)
    clock.freeze(at)
    with time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC), tick=False):
        assert clock.now() == at
        assert clock.now().tzinfo is UTC


def test_a_moved_clock_runs_on_from_there() -> None:
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False) as traveller:
        clock.set_now(datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=8))))
        traveller.shift(90)
        assert clock.now() == datetime(2026, 11, 23, 2, 1, 30, tzinfo=UTC)


def test_a_moved_clock_follows_a_step_of_the_machine_s_clock() -> None:
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False) as traveller:
        clock.set_now(datetime(2026, 6, 1, tzinfo=UTC))
        traveller.shift(timedelta(seconds=-10))
        assert clock.now() == datetime(2026, 5, 31, 23, 59, 50, tzinfo=UTC)


@pytest.mark.parametrize("move", [clock.freeze, clock.set_now])
def test_a_reset_clock_shows_real_time(move: object) -> None:
    move(datetime(2000, 1, 1, tzinfo=UTC))
    clock.reset()
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False):
        assert clock.now() == datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize("move", [clock.freeze, clock.set_now])
def test_an_instant_without_a_zone_is_refused(move: object) -> None:
    with pytest.raises(ValueError, match="time zone"):
        move(datetime(2026, 1, 1))  # noqa: DTZ001  that is the point
