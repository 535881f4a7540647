"""The booking policy: its numbers, the moments they give, and three museums' published rules as data."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.errors import Invalid
from miniprogram_api.visits.rules.policy import (
    DEFAULT,
    FIELDS,
    Policy,
    RealName,
    changed,
    from_numbers,
    to_numbers,
)
from miniprogram_api.visits.rules.policy_words import in_words

DAY = date(2026, 11, 25)

# As published; what a venue leaves open is the default's.
NATIONAL_MUSEUM = from_numbers(
    {
        "window_days": 7,
        "release_minute": 17 * 60,
        "party_max": 5,
        "children_max": 3,
        "cancel_free_days_before": 0,
        "cancel_free_minute": 15 * 60,
        "cancel_last_minute": 15 * 60,
        "cancel_half_points": 2,
        "ban_half_points": 6,
        "ban_days": 30,
        "real_name": "all",
    }
)
PALACE_MUSEUM = from_numbers(
    {
        "window_days": 7,
        "release_minute": 20 * 60,
        "same_day": False,
        "cancel_free_days_before": 1,
        "cancel_free_minute": 24 * 60,
        "cancel_last_minute": 20 * 60,
        "late_cancel_half_points": 2,
        "ban_half_points": 6,
        "entry_before_minutes": 60,
        "entry_after_minutes": None,
        "real_name": "all",
    }
)
MEMORIAL_HALL = from_numbers(
    {
        "cancel_free_minutes_before": 10,
        "cancel_last_minutes_before": 10,
        "cancels_per_day": 2,
        "cancels_per_week": 4,
        "cancels_per_month": 6,
        "cancels_per_year": 12,
        "changes_per_booking": 1,
        "warn_half_points": 2,
        "ban_half_points": 4,
        "strike_days": 120,
        "ban_days": 120,
    }
)


def at(hour: int, minute: int = 0, *, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING) + timedelta(hours=hour, minutes=minute)


def test_the_default_is_the_policy_to_ship() -> None:
    assert to_numbers(DEFAULT) | {
        "window_days": 7,
        "release_minute": 18 * 60,
        "notice_minutes": 60,
        "hold_minutes": 10,
        "hold_extensions": 1,
        "party_min": 1,
        "party_max": 5,
        "children_per_adult": 3,
        "visits_limit": 5,
        "visits_limit_days": 30,
        "cancel_free_days_before": 1,
        "cancel_free_minute": 20 * 60,
        "late_cancel_half_points": 1,
        "no_show_half_points": 2,
        "ban_half_points": 6,
        "strike_days": 180,
        "ban_days": 30,
        "entry_before_minutes": 15,
        "entry_after_minutes": 30,
        "id_retention_days": 30,
    } == to_numbers(DEFAULT)


def test_slots_are_released_seven_days_before_at_six_in_the_evening() -> None:
    assert DEFAULT.releases_at(DAY) == at(18, day=date(2026, 11, 18))


def test_booking_ends_an_hour_before_the_start() -> None:
    assert DEFAULT.books_until(at(9)) == at(8)


def test_without_same_day_booking_it_ends_with_the_day_before() -> None:
    assert PALACE_MUSEUM.books_until(at(13)) == at(0)


def test_a_long_notice_still_counts_without_same_day_booking() -> None:
    policy = changed(PALACE_MUSEUM, {"notice_minutes": 24 * 60})

    assert policy.books_until(at(9)) == at(9) - timedelta(days=1)


def test_cancelling_is_free_until_the_evening_before_and_possible_until_the_start() -> None:
    assert DEFAULT.cancel_free_until(at(9)) == at(20, day=date(2026, 11, 24))
    assert DEFAULT.cancel_until(at(9)) == at(9)


def test_cancelling_is_never_free_longer_than_it_is_possible() -> None:
    policy = from_numbers({"cancel_free_days_before": 0, "cancel_free_minute": 20 * 60})

    assert policy.cancel_free_until(at(9)) == policy.cancel_until(at(9)) == at(9)


def test_a_gate_admits_from_a_quarter_before_to_half_past() -> None:
    assert DEFAULT.entry_from(at(9)) == at(8, 45)
    assert DEFAULT.entry_until(at(9), at(10)) == at(9, 30)
    assert DEFAULT.no_show_at(at(9), at(10)) == at(10, 30)


@pytest.mark.parametrize(
    ("numbers", "adults", "children"),
    [
        ({}, 1, 3),
        ({}, 0, 0),
        ({"children_max": 2}, 1, 2),
        ({"children_per_adult": None}, 1, None),
        ({"children_per_adult": None, "children_max": 4}, 0, 4),
    ],
)
def test_children_come_as_the_adults_allow(
    numbers: dict[str, int | None], adults: int, children: int | None
) -> None:
    assert from_numbers(numbers).children_allowed(adults) == children


def test_the_national_museum_takes_a_booking_back_until_three_and_counts_it() -> None:
    assert NATIONAL_MUSEUM.releases_at(DAY) == at(17, day=date(2026, 11, 18))
    assert NATIONAL_MUSEUM.cancel_until(at(13, 30)) == at(15)
    assert NATIONAL_MUSEUM.cancel_half_points == NATIONAL_MUSEUM.no_show_half_points
    assert NATIONAL_MUSEUM.children_allowed(2) == 3


def test_the_palace_museum_lets_go_free_until_midnight_and_for_a_strike_until_eight() -> None:
    assert PALACE_MUSEUM.cancel_free_until(at(13)) == at(0)
    assert PALACE_MUSEUM.cancel_until(at(13)) == at(20)
    assert PALACE_MUSEUM.late_cancel_half_points == PALACE_MUSEUM.no_show_half_points


def test_the_palace_museum_has_an_hour_in_which_both_halves_of_the_day_enter() -> None:
    assert PALACE_MUSEUM.entry_until(at(8, 30), at(12)) == at(12)
    assert PALACE_MUSEUM.entry_from(at(12)) == at(11)


def test_the_memorial_hall_limits_how_often_one_cancels() -> None:
    limits = (
        MEMORIAL_HALL.cancels_per_day,
        MEMORIAL_HALL.cancels_per_week,
        MEMORIAL_HALL.cancels_per_month,
        MEMORIAL_HALL.cancels_per_year,
    )

    assert limits == (2, 4, 6, 12)
    assert MEMORIAL_HALL.cancel_until(at(9)) == at(8, 50)
    assert MEMORIAL_HALL.warn_half_points == 2
    assert MEMORIAL_HALL.ban_half_points == 4


@pytest.mark.parametrize("policy", [DEFAULT, NATIONAL_MUSEUM, PALACE_MUSEUM, MEMORIAL_HALL])
def test_numbers_survive_the_way_to_the_database_and_back(policy: Policy) -> None:
    assert from_numbers(to_numbers(policy)) == policy


@pytest.mark.parametrize(
    ("numbers", "field", "code"),
    [
        ({"party_max": 0}, "party_max", "field.range"),
        ({"party_max": 1001}, "party_max", "field.range"),
        ({"party_max": "5"}, "party_max", "field.type"),
        ({"party_max": True}, "party_max", "field.type"),
        ({"party_max": None}, "party_max", "field.null"),
        ({"same_day": 1}, "same_day", "field.type"),
        ({"real_name": "some"}, "real_name", "field.choice"),
        ({"real_name": ["all"]}, "real_name", "field.choice"),
        ({"mood": 3}, "mood", "field.unknown"),
        ({"party_min": 6}, "party_min", "visits.policy_contradiction"),
        ({"warn_half_points": 8}, "warn_half_points", "visits.policy_contradiction"),
    ],
)
def test_a_wrong_number_is_named(numbers: dict[str, object], field: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        from_numbers(numbers)

    assert [(error.field, error.code) for error in caught.value.fields] == [(field, code)]


def test_every_number_is_said_in_words() -> None:
    assert in_words(DEFAULT) == [
        "参观日前第 7 天 18:00 开放预约。",
        "场次开始前 1 小时停止预约。",
        "填写信息时名额保留 10 分钟，可延长 1 次。",
        "每次可预约 1 至 5 人。",
        "14 周岁以下儿童须由成人陪同，每位成人最多带 3 名儿童。",
        "每人每天在同一示范点只能预约一次。",
        "每人 30 天内在同一示范点最多参观 5 次。",
        "参观前一天 20:00 前可免费取消。",
        "场次开始前可以取消，之后不能取消。",
        "预约后未到场即爽约，计 1 次爽约记录。",
        "逾期取消计 0.5 次爽约记录。",
        "180 天内累计 3 次爽约记录，暂停预约 30 天；因示范点关闭未能参观的不计。",
        "场次开始前 15 分钟起可以入场，至开始后 30 分钟为止。",
        "停止入场 1 小时后仍未到场的，记为爽约。",
        "预约无需提供证件信息。",
    ]


def test_the_words_follow_the_numbers_of_other_venues() -> None:
    palace, hall = "".join(in_words(PALACE_MUSEUM)), "".join(in_words(MEMORIAL_HALL))

    assert "须在参观日前一天结束前预约。" in palace
    assert "参观前一天 24:00 前可免费取消。参观当日 20:00 前可以取消，之后不能取消。" in palace
    assert "场次开始前 1 小时起可以入场，至场次结束为止。" in palace
    assert "证件信息在参观结束 30 天后删除。" in palace
    assert "主动取消次数：每天最多 2 次，每周最多 4 次，每月最多 6 次，每年最多 12 次。" in hall
    assert "每个预约最多改期 1 次。" in hall
    assert "120 天内累计 1 次爽约记录将收到提醒。" in hall
    assert "场次开始前 10 分钟以前可免费取消。" in hall


def numbers_of_a_policy() -> st.SearchStrategy[dict[str, object]]:
    def values(name: str) -> st.SearchStrategy[object]:
        bounds = FIELDS[name].metadata.get("bounds")
        if bounds is None:
            return st.sampled_from(list(RealName)) if name == "real_name" else st.booleans()
        numbers = st.integers(bounds.least, bounds.most)
        return st.none() | numbers if bounds.optional else numbers

    return st.fixed_dictionaries({}, optional={name: values(name) for name in FIELDS})


@given(numbers_of_a_policy())
def test_any_policy_without_contradictions_keeps_its_promises(numbers: dict[str, object]) -> None:
    numbers = {**numbers, "party_min": 1, "warn_half_points": None}  # what the others cannot contradict
    policy = from_numbers(numbers)

    assert from_numbers(to_numbers(policy)) == policy
    assert policy.books_until(at(9)) <= at(9)
    assert policy.cancel_free_until(at(9)) <= policy.cancel_until(at(9))
    assert policy.entry_from(at(9)) <= policy.entry_until(at(9), at(10)) <= policy.no_show_at(at(9), at(10))
    assert all(sentence.endswith("。") for sentence in in_words(policy))
