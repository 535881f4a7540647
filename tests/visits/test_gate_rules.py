"""What a gate answers, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from miniprogram_api.visits.errors.gate import HeadsExceedRemaining
from miniprogram_api.visits.models import BookingStatus, ScanResult
from miniprogram_api.visits.rules.gate import (
    BATCH_SKEW,
    Decision,
    Moment,
    Pass,
    can_be_undone,
    decide,
    moment_of,
)

STARTS_AT = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
SITE = uuid4()
SECOND = timedelta(seconds=1)
FAMILY = Pass(
    site_id=SITE,
    current=True,
    status=BookingStatus.CONFIRMED,
    seats=5,
    admitted=0,
    valid_from=STARTS_AT - timedelta(minutes=15),
    valid_until=STARTS_AT + timedelta(minutes=30),
    seen_over=False,
)


def judged(
    found: Pass | None = FAMILY, *, heads: int | None = None, at: datetime = STARTS_AT, **moment: Any
) -> Decision:
    return decide(found, site_id=SITE, heads=heads, moment=Moment(at, **moment))


def test_without_a_head_count_all_who_have_not_come_are_let_in() -> None:
    assert judged() == Decision(ScanResult.OK, 5)
    partly = replace(FAMILY, admitted=3, status=BookingStatus.PARTLY_ADMITTED)
    assert judged(partly) == Decision(ScanResult.OK, 2)


def test_a_head_count_lets_in_so_many() -> None:
    assert judged(heads=2) == Decision(ScanResult.OK, 2)


def test_more_heads_than_remain_are_refused_and_told_how_many_do() -> None:
    with pytest.raises(HeadsExceedRemaining) as refused:
        judged(replace(FAMILY, admitted=3), heads=3)
    assert refused.value.params == {"remaining": 2}


@pytest.mark.parametrize(
    ("found", "result"),
    [
        (None, ScanResult.INVALID),
        (replace(FAMILY, site_id=uuid4()), ScanResult.WRONG_SITE),
        (replace(FAMILY, current=False), ScanResult.REVOKED),
        (replace(FAMILY, status=BookingStatus.CANCELLED), ScanResult.REVOKED),
        (replace(FAMILY, admitted=5, status=BookingStatus.ADMITTED), ScanResult.ALREADY_USED),
        (replace(FAMILY, status=BookingStatus.NO_SHOW), ScanResult.TOO_LATE),
    ],
)
def test_a_ticket_that_does_not_admit_says_why(found: Pass | None, result: ScanResult) -> None:
    assert judged(found) == Decision(result)


def test_another_sites_ticket_tells_nothing_else() -> None:
    elsewhere = replace(FAMILY, site_id=uuid4(), current=False, admitted=5)
    assert judged(elsewhere).result is ScanResult.WRONG_SITE


@pytest.mark.parametrize(
    ("at", "result"),
    [
        (FAMILY.valid_from - SECOND, ScanResult.TOO_EARLY),
        (FAMILY.valid_from, ScanResult.OK),
        (FAMILY.valid_until - SECOND, ScanResult.OK),
        (FAMILY.valid_until, ScanResult.TOO_LATE),
    ],
)
def test_entry_opens_and_closes_to_the_second(at: datetime, result: ScanResult) -> None:
    assert judged(at=at).result is result


def test_a_used_ticket_is_used_whatever_the_time() -> None:
    used = replace(FAMILY, admitted=5, status=BookingStatus.ADMITTED)
    assert judged(used, at=FAMILY.valid_until + SECOND).result is ScanResult.ALREADY_USED


def test_a_ticket_that_was_seen_to_be_over_stays_over_when_the_clock_goes_back() -> None:
    assert judged(replace(FAMILY, seen_over=True)).result is ScanResult.TOO_LATE


def test_a_scan_made_before_the_ticket_was_over_still_counts_when_it_is_sent_in_late() -> None:
    assert judged(replace(FAMILY, seen_over=True), late=True).result is ScanResult.OK


@pytest.mark.parametrize(
    ("claimed_ago", "believed", "late"),
    [
        (timedelta(hours=2), True, True),
        (timedelta(hours=24), True, True),
        (timedelta(hours=24) + SECOND, True, False),
        (-SECOND, True, False),
        (timedelta(hours=2), False, False),
    ],
)
def test_a_scanners_own_time_counts_only_when_believed_and_within_a_day(
    claimed_ago: timedelta, believed: bool, late: bool
) -> None:
    claimed = STARTS_AT - claimed_ago
    moment = moment_of(received_at=STARTS_AT, claimed_at=claimed, believed=believed)
    assert moment == (Moment(claimed, late=True) if late else Moment(STARTS_AT))


def test_in_a_batch_a_clock_may_be_a_little_fast() -> None:
    def moment(ahead: timedelta) -> Moment:
        claimed = STARTS_AT + ahead
        return moment_of(received_at=STARTS_AT, claimed_at=claimed, believed=True, skew=BATCH_SKEW)

    assert moment(BATCH_SKEW) == Moment(STARTS_AT + BATCH_SKEW, late=True)
    assert moment(BATCH_SKEW + SECOND) == Moment(STARTS_AT)


def test_an_admission_can_be_undone_for_fifteen_minutes() -> None:
    assert can_be_undone(received_at=STARTS_AT, now=STARTS_AT + timedelta(minutes=15))
    assert not can_be_undone(received_at=STARTS_AT, now=STARTS_AT + timedelta(minutes=15) + SECOND)
