"""What partners may know of a withdrawal: nothing from which one to four people could be found."""

from datetime import date

import pytest

from miniprogram_api.registry.rules.withdrawals import CancelledDay, Told, tellable, told

DAY = date(2026, 11, 25)


def day(here: int, *, before: int = 0, unreachable: int = 0) -> CancelledDay:
    return CancelledDay(DAY, here, here + before, unreachable)


@pytest.mark.parametrize(
    ("here", "before", "is_told"),
    [(5, 0, True), (4, 0, False), (9, 3, False), (9, 5, True), (120, 1, False)],
)
def test_a_day_is_counted_where_neither_its_visits_nor_those_cancelled_before_are_few(
    here: int, before: int, is_told: bool
) -> None:
    assert bool(tellable([day(here, before=before)])) is is_told


def test_a_withdrawal_that_reached_nobody_says_so() -> None:
    assert told([], [], people=0) == Told(0, 0, 0, suppressed=False)


def test_nothing_is_told_where_no_day_may_be() -> None:
    assert told([day(3)], [], people=0) == Told(None, None, None, suppressed=True)


def test_days_that_go_without_are_mentioned() -> None:
    assert told([day(8), day(2)], [day(8)], people=8) == Told(8, 8, 0, suppressed=True)


@pytest.mark.parametrize(("people", "unreachable"), [(7, 3), (6, 6), (3, 5)])
def test_those_with_an_inbox_and_those_without_are_told_together_or_not(
    people: int, unreachable: int
) -> None:
    """Ten were cancelled: with seven people notified, three would be those without an inbox."""
    days = [day(10, unreachable=unreachable)]
    assert told(days, days, people=people) == Told(10, None, None, suppressed=True)


def test_large_numbers_are_told() -> None:
    days = [day(60, unreachable=20)]
    assert told(days, days, people=38) == Told(60, 38, 20, suppressed=False)
